import { listUsers } from '../db/queries/user-directory.ts';
import {
  describeUser,
  summarizeUser,
  type UserDescription,
  type UserSummary,
} from '../domain/admin/describe-user.ts';
import { readUserName } from '../domain/admin/user-name.ts';
import { printable } from '../domain/import/settled.ts';
import { text } from '../domain/input.ts';
import { fail } from './fail.ts';
import { table } from './table.ts';
import { withDatabase } from './with-database.ts';

export type FindOptions = {
  readonly status?: UserSummary['status'];
  readonly limit: number;
  readonly json?: boolean;
};

/** Prints the users whose address or name begins with the text, the newest first. */
export async function findUsers(
  search: string | undefined,
  { status, limit, json }: FindOptions,
): Promise<void> {
  const wanted = search?.trim().normalize('NFC') || null;
  if (wanted !== null && !text({ max: 254 }).safeParse(wanted).success)
    return fail('TEXT must be 254 characters at most, on one line.', 2);
  await withDatabase('users', async ({ db }) => {
    const filter = { search: wanted, status: status ?? null };
    const users = (await listUsers(db, { filter, after: null, limit })).map(summarizeUser);
    if (json) say(JSON.stringify(users, null, 2));
    else process.stdout.write(listOf(users));
  });
}

/** Prints what there is about one user. */
export async function showUser(user: string, { json }: { json?: boolean }): Promise<void> {
  const name = readUserName(user);
  if (name === null) return fail(notAUser, 2);
  await withDatabase('users', async (app) => {
    const found = await describeUser(app, name);
    if (found === null) return fail('There is no such user.');
    if (json) say(JSON.stringify(found, null, 2));
    else process.stdout.write(cardOf(found));
  });
}

export const notAUser = 'USER must be one e-mail address or the id of a user.';

function listOf(users: readonly UserSummary[]): string {
  const rows = users.map((user) => [
    user.id,
    stateOf(user),
    user.lastLoginAt?.toISOString() ?? '-',
    user.roles.join(',') || '-',
    user.email,
    printable(user.name ?? '-', 100),
  ]);
  return table([['ID', 'STATE', 'LAST SIGN-IN', 'ROLES', 'EMAIL', 'NAME'], ...rows]);
}

/** A line for each member, and one for each session. SECURITY: texts of others are made inert. */
function cardOf(user: UserDescription): string {
  const { sessions, identities, publicMetadata, adminMetadata } = user;
  const time = (at: Date | null): string => at?.toISOString() ?? 'no';
  const members = [
    ['id', user.id],
    ['email', `${user.email}${user.emailVerifiedAt === null ? ' (not proved)' : ''}`],
    ['name', printable(user.name ?? '-', 100)],
    ['state', stateOf(user)],
    ['roles', user.roles.join(', ') || '-'],
    ['created', user.createdAt.toISOString()],
    ['last sign-in', user.lastLoginAt?.toISOString() ?? 'never'],
    ['password', user.hasPassword ? 'yes' : 'no'],
    ['authenticator', `${time(user.totpEnabledAt)}, ${user.recoveryCodesLeft} recovery codes`],
    ['passkeys', String(user.passkeys)],
    ['identities', identities.map(({ provider }) => provider).join(', ') || '-'],
    ['public metadata', printable(JSON.stringify(publicMetadata), 10_000)],
    ['admin metadata', printable(JSON.stringify(adminMetadata), 10_000)],
    ['sessions', String(sessions.length)],
    ...sessions.map((session) => [
      '',
      [
        session.id,
        session.lastUsedAt.toISOString(),
        session.ipAddress ?? '-',
        printable(session.device ?? '-'),
      ].join('  '),
    ]),
  ];
  return members.map(([name = '', value]) => `${name.padEnd(17)}${value}\n`).join('');
}

function stateOf({ status, suspendedUntil }: UserSummary): string {
  const word = status.toLowerCase();
  return suspendedUntil === null ? word : `${word} until ${suspendedUntil.toISOString()}`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
