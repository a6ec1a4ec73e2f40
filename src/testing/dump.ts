import { getTableName } from 'drizzle-orm';
import { getTableConfig, type PgTable } from 'drizzle-orm/pg-core';
import type { Db } from '../db/driver/client.ts';
import { accountTokens } from '../db/tables/account-tokens.ts';
import { auditEvents } from '../db/tables/audit-events.ts';
import { auditOrigins } from '../db/tables/audit-origins.ts';
import { identities } from '../db/tables/identities.ts';
import { identityFlows } from '../db/tables/identity-flows.ts';
import { knownDevices } from '../db/tables/known-devices.ts';
import { otpChallenges } from '../db/tables/otp-challenges.ts';
import { outboxMessages } from '../db/tables/outbox-messages.ts';
import { passkeyChallenges } from '../db/tables/passkey-challenges.ts';
import { passkeys } from '../db/tables/passkeys.ts';
import { rateLimits } from '../db/tables/rate-limits.ts';
import { recoveryCodes } from '../db/tables/recovery-codes.ts';
import { sessions } from '../db/tables/sessions.ts';
import { signingKeys } from '../db/tables/signing-keys.ts';
import { totpAuthenticators } from '../db/tables/totp-authenticators.ts';
import { userMetadata } from '../db/tables/user-metadata.ts';
import { users } from '../db/tables/users.ts';

/** Every table; a test compares the list with the migrations. */
export const tables: readonly PgTable[] = [
  accountTokens,
  auditEvents,
  auditOrigins,
  identities,
  identityFlows,
  knownDevices,
  otpChallenges,
  outboxMessages,
  passkeyChallenges,
  passkeys,
  rateLimits,
  recoveryCodes,
  sessions,
  signingKeys,
  totpAuthenticators,
  users,
  userMetadata,
];

export type Dump = Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;

/** Every row of every table, with bytes in hex, as readable in a stolen copy of the database. */
export async function dump({ db }: { db: Db }): Promise<Dump> {
  const read: Record<string, Record<string, unknown>[]> = {};
  for (const table of tables) {
    const rows = await db.select().from(table);
    read[getTableName(table)] = rows.map((row) =>
      Object.fromEntries(
        Object.entries(row).map(([column, value]) => [
          column,
          value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value,
        ]),
      ),
    );
  }
  return read;
}

/** The same as one text to search in. */
export async function dumpText(app: { db: Db }): Promise<string> {
  return JSON.stringify(await dump(app));
}

/** The columns of every table, as `table.column`. */
export function columns(): string[] {
  return tables.flatMap((table) =>
    getTableConfig(table).columns.map((column) => `${getTableName(table)}.${column.name}`),
  );
}
