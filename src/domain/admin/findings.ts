import { secondsAfter } from '../../clock.ts';
import type { IdentityProvider } from '../../config/identity-providers.ts';
import type { Config } from '../../config/read-config.ts';
import type { LackingRights, UnpinnedSetting } from '../../db/driver/settings.ts';
import type { RunningInspection } from '../../db/inspect-running.ts';
import type { MailTroubles } from '../../db/queries/outbox.ts';
import type { UserRow } from '../../db/tables/users.ts';
import { MailError } from '../../mail/mailer.ts';
import type { Finding } from '../../ports.ts';
import { refusedInARow } from '../outbox/rules.ts';
import type { BreachedFilter } from '../passwords/breached-filter.ts';
import type { KeyCheck } from '../signing-keys/check-signing-keys.ts';

/** The oldest PostgreSQL release that still gets fixes. */
const leastMajor = 14;
/**
 * Milliseconds: beyond the first, codes of authenticator apps are at the edge of their window;
 * beyond the second, tokens of one machine fail on another.
 */
const clockSkew = { warning: 5_000, failure: 30_000 };
const slowRoundTrip = 20;

/** About the server itself, independent of its contents. */
export function* judgeServer(server: RunningInspection, config: Config): Generator<Finding> {
  const check = 'database';
  const { version, major, roundTrip, isSuperuser, isReplica, maxConnections } = server;
  const warn = (message: string, advice: string): Finding => ({
    check,
    status: 'warning',
    message,
    advice,
  });
  if (isReplica) {
    const advice = 'DATABASE_URL must name the primary; replicas go into DATABASE_REPLICA_URLS.';
    yield { check, status: 'failure', message: 'it is a replica and takes no changes', advice };
    return;
  }
  const message = `PostgreSQL ${version}, ${roundTrip.toFixed(1)} ms away`;
  if (roundTrip > slowRoundTrip)
    yield warn(message, 'Each request waits for that once or more: run servers near it.');
  else yield { check, status: 'ok', message };
  if (major < leastMajor)
    yield warn(`PostgreSQL ${major} gets no corrections any more`, 'Upgrade it.');
  if (isSuperuser)
    yield warn(
      'the role is a superuser',
      'Give Latchkey a role of its own: docs/database-roles.sql.',
    );
  const wanted = config.workers * 10;
  if (wanted > maxConnections * 0.8) {
    yield warn(
      `${config.workers} workers may open ${wanted} of its ${maxConnections} connections`,
      'Raise max_connections, put PgBouncer before it, or lower WORKERS.',
    );
  }
}

/** `problem`: why the API of breached passwords did not answer; null where it did. */
export function judgeRange(problem: string | null): Finding {
  const check = 'passwords';
  if (problem === null)
    return { check, status: 'ok', message: 'the list of breached ones answers' };
  return {
    check,
    status: 'warning',
    message: `BREACHED_PASSWORDS_URL: ${problem.replace(/\.$/, '')}`,
    advice:
      'Passwords are set without the check meanwhile. Let servers reach it by https, or use ' +
      'BREACHED_PASSWORDS=file.',
  };
}

/** The filter of breached passwords, or why its file is none. */
export function judgeFilter(filter: Pick<BreachedFilter, 'count' | 'bytes'> | string): Finding {
  const check = 'passwords';
  if (typeof filter === 'string') {
    const advice = 'Build it anew: latchkey breached-passwords build LIST';
    return { check, status: 'failure', message: filter, advice };
  }
  const megabytes = (filter.bytes / 1e6).toFixed(1);
  const message = `${filter.count} breached ones in ${megabytes} MB of each process`;
  return { check, status: 'ok', message };
}

type Applied = Pick<RunningInspection, 'pending' | 'unknown'>;

export function judgeMigrations({ pending, unknown }: Applied, config: Config): Finding {
  const check = 'migrations';
  if (unknown > 0) {
    const migrations = `${unknown} migrations of it are not known here`;
    const message = `the database is from a newer version: ${migrations}`;
    return {
      check,
      status: 'warning',
      message,
      advice: 'Run that version, or see docs/operations.md on going back.',
    };
  }
  if (pending === 0) return { check, status: 'ok', message: 'all applied' };
  const message = `${pending} not applied`;
  if (config.migrateOnStart)
    return { check, status: 'warning', message, advice: 'The next start applies them.' };
  return { check, status: 'failure', message, advice: 'Apply them: latchkey migrate' };
}

export function* judgeSettings(unpinned: readonly UnpinnedSetting[]): Generator<Finding> {
  for (const { name, value, wanted } of unpinned) {
    const message = `${name} is ${value}, and must be ${wanted}`;
    yield { check: 'database', status: 'failure', message, advice: settingAdvice(name, wanted) };
  }
}

export function* judgeRights(lacking: readonly LackingRights[]): Generator<Finding> {
  const advice = 'As the owner, run the second section of docs/database-roles.sql again.';
  for (const { table, rights } of lacking) {
    const message = `the role may not ${rights.join(', ')} on ${table}`;
    yield { check: 'database', status: 'failure', message, advice };
  }
}

/** The purge of a server says in its log, and nowhere else, that it removes no events. */
export function* judgeAuditPurge(
  mayPurge: boolean,
  { retention }: Pick<Config, 'retention'>,
): Generator<Finding> {
  if (mayPurge || retention.audit === null) return;
  yield {
    check: 'database',
    status: 'warning',
    message: 'RETENTION_AUDIT is set, and the role may not remove events of the audit trail',
    advice: 'Run `latchkey purge` as the owner of the tables, from a schedule.',
  };
}

/** Also for the log of a starting server. */
export function settingAdvice(name: string, wanted: string): string {
  if (name === 'server_encoding') return 'Make the database with ENCODING UTF8.';
  return `ALTER ROLE … SET ${name} = '${wanted}', or mend it for the database or the server.`;
}

export function judgeClock({ clockAhead }: Pick<RunningInspection, 'clockAhead'>): Finding {
  const check = 'clock';
  const skew = Math.abs(clockAhead);
  if (skew <= clockSkew.warning)
    return { check, status: 'ok', message: 'agrees with the database' };
  const message = `differs by ${(skew / 1000).toFixed(0)} s from that of the database`;
  const advice =
    'Codes of authenticator apps and tokens depend on it: run chrony or systemd-timesyncd on ' +
    'both machines.';
  return { check, status: skew > clockSkew.failure ? 'failure' : 'warning', message, advice };
}

export function judgeKeys(keys: KeyCheck, config: Config): Finding {
  const check = 'keys';
  const { inUse, unusable, staleStandbys, signingWith } = keys;
  if (unusable.length > 0) {
    const kids = unusable.join(', ');
    const message = `${unusable.length} of ${inUse} signing keys cannot be used: ${kids}`;
    const advice =
      'Set the SECRET_KEY that made them as SECRET_KEY_PREVIOUS, or take them away: latchkey ' +
      'keys remove KID';
    return { check, status: 'failure', message, advice };
  }
  if (inUse === 0) return { check, status: 'ok', message: 'none yet; the first start makes one' };
  const { algorithm } = config.jwt;
  if (signingWith === algorithm && staleStandbys.length > 0) {
    const message = `a standby key of another SECRET_KEY or algorithm: ${staleStandbys.join(', ')}`;
    const advice = 'The next start replaces it, and so does `latchkey keys rotate`.';
    return { check, status: 'warning', message, advice };
  }
  if (signingWith === algorithm)
    return { check, status: 'ok', message: `${inUse} in use, ${algorithm} signs` };
  const message = `${signingWith ?? 'none'} signs, and JWT_ALGORITHM is ${algorithm}`;
  return {
    check,
    status: 'warning',
    message,
    advice: 'The next start rotates; see `latchkey keys list`.',
  };
}

/** The finding of the mail connection check; `error` is null when it succeeded. */
export function judgeMail(error: unknown, { mail }: Pick<Config, 'mail'>): Finding {
  const check = 'mail';
  if (error === null)
    return { check, status: 'ok', message: `${mail.transport} answers and takes our login` };
  const reason = error instanceof MailError ? error.reason : 'error';
  const names = mail.transport === 'resend' ? 'RESEND_API_KEY and RESEND_BASE_URL' : 'SMTP_URL';
  return {
    check,
    status: 'failure',
    message: `${mail.transport}: ${reason}`,
    advice: mailAdvice(reason, names),
  };
}

type Admin = Pick<
  UserRow,
  'suspendedAt' | 'emailVerifiedAt' | 'totpEnabledAt' | 'lastLoginAt' | 'passkeyHandle'
>;

/** Seconds without a sign-in, after which an account is forgotten rather than used. */
const forgottenAfter = 90 * 24 * 3600;

/** Of all who have the role, those who can use it, and those whose account should be looked at. */
export function* judgeAdmins(admins: readonly Admin[], now: Date): Generator<Finding> {
  const check = 'administrators';
  const able = admins.filter((one) => one.suspendedAt === null && one.emailVerifiedAt !== null);
  if (able.length === 0) {
    const advice = 'Make one: latchkey create-admin EMAIL';
    yield { check, status: 'warning', message: 'there is none', advice };
    return;
  }
  yield { check, status: 'ok', message: `${able.length} can sign in` };
  const before = secondsAfter(now, -forgottenAfter);
  const forgotten = able.filter(({ lastLoginAt }) => lastLoginAt === null || lastLoginAt < before);
  if (forgotten.length > 0)
    yield {
      check,
      status: 'warning',
      message: `${forgotten.length} without a sign-in for 90 days`,
      advice: 'Take the role from those who do not need it.',
    };
  // A passkey's handle stays for good, so one who has removed all of them is not counted.
  const bare = able.filter((one) => one.totpEnabledAt === null && one.passkeyHandle === null);
  if (bare.length > 0)
    yield {
      check,
      status: 'warning',
      message: `${bare.length} without a second factor`,
      advice: 'They cannot administer until they set up an authenticator app or a passkey.',
    };
}

/** Null where every passkey works; `hasForeign`: some are registered under another RP ID. */
export function judgePasskeys(hasForeign: boolean): Finding | null {
  if (!hasForeign) return null;
  return {
    check: 'passkeys',
    status: 'warning',
    message: 'some were registered under another RP ID than that of today, and do not work',
    advice: 'Set PASSKEY_RP_ID to what it was: their users cannot move them.',
  };
}

/** `problem`: why it could sign no one in; null where it could. */
export function judgeProvider(
  { id, issuer }: Pick<IdentityProvider, 'id' | 'issuer'>,
  problem: string | null,
): Finding {
  const check = 'providers';
  if (problem === null) return { check, status: 'ok', message: `${id} answers` };
  return {
    check,
    status: 'warning',
    message: `${id}: ${problem}`,
    advice:
      `No one signs in by it meanwhile. Its document is that of ${issuer}, which it must name as ` +
      'its issuer to the letter: docs/integrations/providers.md.',
  };
}

/** What the rows of the outbox say of the provider; null where no mail is in trouble. */
export function judgeMailTroubles(troubles: MailTroubles): Finding | null {
  const { waiting, givenUp, unproven, hasSentSince, reason } = troubles;
  if (waiting + givenUp === 0) return unproven === 0 ? null : refusedAddresses(unproven);
  const numbers = `${waiting} wait and ${givenUp} were given up within the hour (${reason})`;
  if (hasSentSince || waiting + givenUp < refusedInARow)
    return {
      check: 'mail',
      status: 'warning',
      message: `some mails are refused: ${numbers}`,
      advice: 'Look for "was not taken" and "was given up" in the log.',
    };
  return {
    check: 'mail',
    status: 'failure',
    message: `the provider refuses every mail: ${numbers}`,
    advice: 'Look at its status page, and at quota, sender and key there. Mail goes out by itself.',
  };
}

function refusedAddresses(count: number): Finding {
  return {
    check: 'mail',
    status: 'warning',
    message: `${count} addresses that have proved nothing were refused within the hour`,
    advice: 'Someone may be registering made-up ones: docs/runbooks.md#latchkeymailrefused',
  };
}

function mailAdvice(reason: string, names: string): string {
  if (reason === 'login') return `The provider refuses the login or key: fix ${names}.`;
  if (reason === 'tls')
    return (
      'STARTTLS is missing or the certificate is not valid for that name: use smtps://, or ' +
      'fix it.'
    );
  return (
    'No user gets a code until this works: ' +
    `look at ${names}, the name service and the firewall.`
  );
}
