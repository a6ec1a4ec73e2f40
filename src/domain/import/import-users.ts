import type { App } from '../../app.ts';
import type { Transaction } from '../../db/driver/transaction.ts';
import {
  findTakenAddresses,
  findTakenIdentities,
  identityKey,
  insertImportedIdentities,
  insertImportedMetadata,
  insertImportedPasskeys,
  insertImportedUsers,
} from '../../db/queries/user-import.ts';
import type { UserRow } from '../../db/tables/users.ts';
import { recordAudit } from '../audit/record.ts';
import { sealImportedHash } from '../passwords/stored-hash.ts';
import { identityRows } from './identity-rows.ts';
import { openKeyReader } from './passkey-key.ts';
import { handleOf, passkeyRows } from './passkey-rows.ts';
import type { Record } from './read-records.ts';
import { type ImportedUser, type ImportRules, readUser } from './read-user.ts';

type Importer = Pick<
  App,
  'config' | 'db' | 'transaction' | 'clock' | 'random' | 'log' | 'keys' | 'metrics'
> & {
  readonly request: null;
  readonly viewer: null;
};

export type Refused = {
  readonly lineNumber: number;
  readonly field: string | null;
  readonly reason: string;
};

export type ImportCounts = {
  /** Lines that became users, or would have in a dry run. */
  readonly imported: number;
  /** Lines whose address already has an account, here or earlier in the file. */
  readonly existing: number;
  readonly refused: number;
};

type Options = {
  readonly rules: Omit<ImportRules, 'now' | 'passkeys'>;
  /** Reads and validates, but writes nothing. */
  readonly rehearsal: boolean;
  readonly onRefused: (refused: Refused) => void;
  /** Called for each line whose address already has an account. */
  readonly onExisting: (lineNumber: number) => void;
  /** Called once with the other system's names of providers that nobody has mapped. */
  readonly onUnmapped: (identities: ReadonlyMap<string, number>) => void;
  readonly onProgress: (counts: ImportCounts) => void;
};

/** Users per statement. */
const batchSize = 500;
/** Statements in flight at a time. */
const parallelBatches = 3;
/** Names of providers that are counted; a file names few. */
const maxUnmapped = 100;

type Waiting = { readonly lineNumber: number; readonly user: ImportedUser };

/**
 * Imports users from another system, in statements of a few hundred that each succeed or fail as a
 * whole. No existing account is changed, so an interrupted run can simply be repeated. Rejects
 * where the database fails.
 */
export async function importUsers(
  app: Importer,
  records: AsyncIterable<Record>,
  options: Options,
): Promise<ImportCounts> {
  let rules: ImportRules = { ...options.rules, now: app.clock.now(), passkeys: null };
  const counts = { imported: 0, existing: 0, refused: 0 };
  const refuse = (refused: Refused): void => {
    counts.refused += 1;
    options.onRefused(refused);
  };
  const unmapped = new Map<string, number>();
  const running = new Set<Promise<void>>();
  const failures: unknown[] = [];
  const send = async (batch: readonly Waiting[]): Promise<void> => {
    const outcome = await importBatch(app, batch, options.rehearsal);
    counts.imported += outcome.imported.length;
    counts.existing += outcome.existing.length;
    for (const lineNumber of outcome.existing) options.onExisting(lineNumber);
    for (const refused of refusalsOf(outcome)) refuse(refused);
    countUnmapped(unmapped, outcome.imported);
    options.onProgress(counts);
  };
  const start = async (batch: readonly Waiting[]): Promise<void> => {
    const task = send(batch)
      // Rethrown by the loop below: until then nothing awaits this promise.
      .catch((error: unknown) => void failures.push(error))
      .finally(() => running.delete(task));
    running.add(task);
    if (running.size >= parallelBatches) await Promise.race(running);
    if (failures.length > 0) throw failures[0];
  };

  let batch: Waiting[] = [];
  try {
    for await (const { lineNumber, line } of records) {
      if (line.passkeys !== undefined && rules.passkeys === null)
        rules = { ...rules, passkeys: await passkeyRules(app) };
      const read = readUser(line, rules);
      if (read.kind === 'refused') {
        refuse({ lineNumber, field: read.field, reason: read.reason });
        continue;
      }
      batch.push({ lineNumber, user: read.user });
      if (batch.length < batchSize) continue;
      await start(batch);
      batch = [];
    }
    if (batch.length > 0) await start(batch);
  } finally {
    await Promise.all(running);
  }
  if (failures.length > 0) throw failures[0];
  if (counts.imported > 0 && !options.rehearsal) {
    const event = { type: 'users.imported', outcome: 'SUCCESS', subjectId: null } as const;
    await recordAudit(app, { db: app.db, ...event, detail: { ...counts } });
  }
  if (unmapped.size > 0) options.onUnmapped(unmapped);
  options.onProgress(counts);
  return counts;
}

function refusalsOf({ idTaken, passkeyTaken, identityTaken }: Outcome): Refused[] {
  return [
    ...idTaken.map(({ lineNumber, user }) => {
      const what = user.passkeys.length > 0 ? 'or the user handle of its passkeys ' : '';
      const reason = `${what}belongs to an account with another address`;
      return { lineNumber, field: 'id', reason };
    }),
    ...passkeyTaken.map(({ lineNumber }) => {
      const reason = 'has one that is registered already: its user came in without that';
      return { lineNumber, field: 'passkeys', reason };
    }),
    ...identityTaken.map(({ lineNumber }) => {
      const reason = 'has one that is linked to another account: its user comes in without that';
      return { lineNumber, field: 'identities', reason };
    }),
  ];
}

function countUnmapped(counts: Map<string, number>, imported: readonly Waiting[]): void {
  for (const name of imported.flatMap(({ user }) => user.linked.unmapped)) {
    const known = counts.get(name);
    if (known !== undefined || counts.size < maxUnmapped) counts.set(name, (known ?? 0) + 1);
  }
}

/** The library is loaded for the first passkey of a file. */
async function passkeyRules({ config }: Importer): Promise<NonNullable<ImportRules['passkeys']>> {
  return { rpId: config.passkeys.rpId, readKey: await openKeyReader() };
}

type Outcome = {
  /** Those that are users now, or would be. */
  readonly imported: readonly Waiting[];
  /** Lines whose address has an account. */
  readonly existing: readonly number[];
  readonly idTaken: readonly Waiting[];
  /** Those of `imported` of whose passkeys or identities another account has some. */
  readonly passkeyTaken: readonly Waiting[];
  readonly identityTaken: readonly Waiting[];
};

async function importBatch(
  app: Importer,
  batch: readonly Waiting[],
  rehearsal: boolean,
): Promise<Outcome> {
  if (rehearsal) return rehearse(app, batch);
  const { left, ...inserted } = await insert(app, batch);
  const taken = await findTakenAddresses(app.db, {
    addresses: left.map(({ user }) => user.email.canonical),
  });
  const hasAccount = ({ user }: Waiting): boolean => taken.has(user.email.canonical);
  return {
    ...inserted,
    existing: left.filter(hasAccount).map(lineOf),
    idTaken: left.filter((waiting) => !hasAccount(waiting)),
  };
}

/** What can be told without writing. */
async function rehearse(app: Importer, batch: readonly Waiting[]): Promise<Outcome> {
  const { done, left } = split(batch, await findFree(app, batch));
  const wanted = done.flatMap((waiting) =>
    waiting.user.linked.identities.map((identity) => ({ waiting, key: identityKey(identity) })),
  );
  const identities = done.flatMap(({ user }) => user.linked.identities);
  const taken = (await findTakenIdentities(app.db, { identities })).map(identityKey);
  const known = new Set(taken);
  const lost = wanted.filter(({ key }) => known.has(key) || !known.add(key));
  return {
    imported: done,
    existing: left.map(lineOf),
    idTaken: [],
    passkeyTaken: [],
    identityTaken: [...new Set(lost.map(({ waiting }) => waiting))],
  };
}

type Inserted = Pick<Outcome, 'imported' | 'passkeyTaken' | 'identityTaken'> & {
  readonly left: readonly Waiting[];
};

/** Users with their passkeys and identities, all or nothing. */
async function insert(app: Importer, batch: readonly Waiting[]): Promise<Inserted> {
  const rows = new Map(batch.map((waiting) => [waiting, rowOf(app, waiting.user)] as const));
  return app.transaction(async (tx) => {
    const inserted = await insertImportedUsers(tx, { rows: [...rows.values()] });
    const { done, left } = split(batch, inserted);
    await insertMetadata(tx, { done, rows });
    const users = done.flatMap((waiting) => {
      const row = rows.get(waiting);
      return row === undefined ? [] : [{ waiting, row }];
    });
    const passkeys = users.flatMap(({ waiting, row }) =>
      passkeyRows(app, row, waiting.user.passkeys).map((own) => ({ waiting, own })),
    );
    const identities = users.flatMap(({ waiting, row }) =>
      identityRows(app, row, waiting.user.linked.identities).map((own) => ({ waiting, own })),
    );
    const passkeyTaken = await lostOf(passkeys, (own) => insertImportedPasskeys(tx, { rows: own }));
    const identityTaken = await lostOf(identities, (own) =>
      insertImportedIdentities(tx, { rows: own }),
    );
    return { imported: done, left, passkeyTaken, identityTaken };
  });
}

/** Those of whose rows an insertion has left some out, since another account has them. */
async function lostOf<Row extends { readonly id: string }>(
  wanted: readonly { readonly waiting: Waiting; readonly own: Row }[],
  insertRows: (rows: readonly Row[]) => Promise<ReadonlySet<string>>,
): Promise<readonly Waiting[]> {
  if (wanted.length === 0) return [];
  const kept = await insertRows(wanted.map(({ own }) => own));
  return [...new Set(wanted.flatMap(({ waiting, own }) => (kept.has(own.id) ? [] : waiting)))];
}

async function insertMetadata(
  db: Transaction,
  { done, rows }: { done: readonly Waiting[]; rows: ReadonlyMap<Waiting, UserRow> },
): Promise<void> {
  const kept = done.flatMap((waiting) => {
    const userId = rows.get(waiting)?.id;
    const { metadata } = waiting.user;
    return userId === undefined || metadata === null ? [] : [{ userId, ...metadata }];
  });
  if (kept.length > 0) await insertImportedMetadata(db, { rows: kept });
}

/**
 * Each address that was inserted stands for one line, the first; a repetition of the address has an
 * account by now.
 */
function split(
  batch: readonly Waiting[],
  inserted: ReadonlySet<string>,
): { readonly done: readonly Waiting[]; readonly left: readonly Waiting[] } {
  const open = new Set(inserted);
  const [done, left]: [Waiting[], Waiting[]] = [[], []];
  for (const waiting of batch)
    (open.delete(waiting.user.email.canonical) ? done : left).push(waiting);
  return { done, left };
}

function lineOf({ lineNumber }: Waiting): number {
  return lineNumber;
}

async function findFree(app: Importer, batch: readonly Waiting[]): Promise<Set<string>> {
  const addresses = batch.map(({ user }) => user.email.canonical);
  const taken = await findTakenAddresses(app.db, { addresses });
  return new Set(addresses.filter((address) => !taken.has(address)));
}

function rowOf(app: Importer, user: ImportedUser): UserRow {
  const now = app.clock.now();
  return {
    id: user.id ?? app.random.id(now),
    email: user.email.address,
    emailCanonical: user.email.canonical,
    emailVerifiedAt: user.emailVerifiedAt,
    name: user.name,
    roles: [...user.roles],
    locale: user.locale,
    passwordHash: user.hashText === null ? null : sealImportedHash(app.keys, user.hashText),
    passwordChangedAt: null,
    totpEnabledAt: null,
    passkeyHandle: handleOf(app, user.passkeys),
    // Like an invited user: the mailbox opens the account, and never the password of a `register`.
    invitedAt: user.emailVerifiedAt === null ? now : null,
    suspendedAt: user.isSuspended ? now : null,
    suspendedUntil: user.suspendedUntil,
    lastLoginAt: user.lastLoginAt,
    createdAt: user.createdAt ?? now,
  };
}
