import type { App } from '../../app.ts';
import { findTakenAddresses, insertImportedUsers } from '../../db/queries/user-import.ts';
import type { UserRow } from '../../db/tables/users.ts';
import { recordAudit } from '../audit/record.ts';
import { sealImportedHash } from '../passwords/stored-hash.ts';
import type { Record } from './read-records.ts';
import { type ImportedUser, type ImportRules, readUser } from './read-user.ts';

type Importer = Pick<App, 'db' | 'clock' | 'random' | 'log' | 'keys' | 'metrics'> & {
  readonly request: null;
  readonly viewer: null;
};

export type Refused = {
  readonly lineNumber: number;
  readonly field: string | null;
  readonly reason: string;
};

export type ImportCounts = {
  /** Lines that became users, or would have in a rehearsal. */
  readonly imported: number;
  /** Lines whose address has an account already, here or further up in the file. */
  readonly existing: number;
  readonly refused: number;
};

type Options = {
  readonly rules: Omit<ImportRules, 'now'>;
  /** Reads and judges, and writes nothing. */
  readonly rehearsal: boolean;
  readonly onRefused: (refused: Refused) => void;
  /** Told of each line whose address has an account already. */
  readonly onExisting: (lineNumber: number) => void;
  readonly onProgress: (counts: ImportCounts) => void;
};

/** Users a statement. */
const batchSize = 500;
/** Statements on their way at once. */
const parallelBatches = 3;

type Waiting = { readonly lineNumber: number; readonly user: ImportedUser };

/**
 * Brings users in from another system, in statements of a few hundred that each are whole or not at
 * all. Nobody who has an account is changed, so that a run that was cut short is simply run again.
 * Rejects where the database fails.
 */
export async function importUsers(
  app: Importer,
  records: AsyncIterable<Record>,
  options: Options,
): Promise<ImportCounts> {
  const rules: ImportRules = { ...options.rules, now: app.clock.now() };
  const counts = { imported: 0, existing: 0, refused: 0 };
  const refuse = (refused: Refused): void => {
    counts.refused += 1;
    options.onRefused(refused);
  };
  const running = new Set<Promise<void>>();
  const failures: unknown[] = [];
  const send = async (batch: readonly Waiting[]): Promise<void> => {
    const outcome = await importBatch(app, batch, options.rehearsal);
    counts.imported += outcome.imported;
    counts.existing += outcome.existing.length;
    for (const lineNumber of outcome.existing) options.onExisting(lineNumber);
    for (const lineNumber of outcome.idTaken) {
      refuse({ lineNumber, field: 'id', reason: 'belongs to an account with another address' });
    }
    options.onProgress(counts);
  };
  const start = async (batch: readonly Waiting[]): Promise<void> => {
    const task = send(batch)
      // Thrown by the loop below: nobody waits for this promise yet.
      .catch((error: unknown) => void failures.push(error))
      .finally(() => running.delete(task));
    running.add(task);
    if (running.size >= parallelBatches) await Promise.race(running);
    if (failures.length > 0) throw failures[0];
  };

  let batch: Waiting[] = [];
  try {
    for await (const { lineNumber, line } of records) {
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
  options.onProgress(counts);
  return counts;
}

/** By line, but for those that came in. */
type Outcome = {
  readonly imported: number;
  readonly existing: readonly number[];
  readonly idTaken: readonly number[];
};

async function importBatch(
  app: Importer,
  batch: readonly Waiting[],
  rehearsal: boolean,
): Promise<Outcome> {
  const inserted = rehearsal
    ? await findFree(app, batch)
    : await insertImportedUsers(app.db, { rows: batch.map(({ user }) => rowOf(app, user)) });
  // Each address that came in stands for one line, the first; the same address again has an account
  // by now.
  const left = batch.filter(({ user }) => !inserted.delete(user.email.canonical));
  const imported = batch.length - left.length;
  if (rehearsal) return { imported, existing: left.map(lineOf), idTaken: [] };
  const taken = await findTakenAddresses(app.db, {
    addresses: left.map(({ user }) => user.email.canonical),
  });
  const hasAccount = ({ user }: Waiting): boolean => taken.has(user.email.canonical);
  return {
    imported,
    existing: left.filter(hasAccount).map(lineOf),
    idTaken: left.filter((waiting) => !hasAccount(waiting)).map(lineOf),
  };
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
    // Like one whom an administrator invites: the mailbox opens it, and no password of a
    // `register`.
    invitedAt: user.emailVerifiedAt === null ? now : null,
    suspendedAt: user.isSuspended ? now : null,
    lastLoginAt: user.lastLoginAt,
    createdAt: user.createdAt ?? now,
  };
}
