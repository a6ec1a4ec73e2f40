import { drizzle } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../testing/database.ts';
import type { Db } from '../driver/client.ts';
import { createSessionLookup } from './live-sessions.ts';
import { rotateSession } from './rotate-session.ts';
import {
  countEndedSessions,
  evictSessions,
  findLiveSession,
  findSessionById,
  listLiveSessions,
  listLiveSessionsOf,
  revokeAllSessions,
  revokeSession,
} from './sessions.ts';

/** The number of the requirement. Fewer rows could change the planner's choice. */
const rows = 1_000_000;

type Plan = {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  Plans?: Plan[];
};
type Explained = { Plan: Plan & { 'Total Cost': number; 'Actual Total Time'?: number } };

let database: TestDatabase;
let sql: postgres.Sql;
let db: Db;
let captured: { text: string; parameters: unknown[] }[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  sql = postgres(database.url ?? '', { max: 1, onnotice: () => {} });
  db = drizzle(sql, {
    logger: { logQuery: (text, parameters) => captured.push({ text, parameters }) },
  });
  await loadRows();
  await sql`analyze users, sessions`;
}, 300_000);
afterAll(async () => {
  await sql.end();
  await database.drop();
});

/**
 * Inserts a million rows without the foreign key and the indexes, which are created afterwards
 * because that is faster.
 */
async function loadRows(): Promise<void> {
  const keys = await sql<{ name: string; definition: string }[]>`
    select conname as name, pg_get_constraintdef(oid) as definition from pg_constraint
    where contype = 'f' and conrelid = 'sessions'::regclass`;
  const indexes = await sql<{ name: string; definition: string }[]>`
    select indexname as name, indexdef as definition from pg_indexes
    where tablename in ('users', 'sessions') and indexname not like '%_pkey'`;
  for (const { name } of keys) await sql`alter table sessions drop constraint ${sql(name)}`;
  for (const { name } of indexes) await sql`drop index ${sql(name)}`;
  await sql`insert into users (id, email, email_canonical, email_verified_at, created_at)
    select ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, n || '@example.com',
      n || '@example.com',
      now(), now()
    from generate_series(1, ${rows}) n`;
  await sql`insert into sessions (id, user_id, refresh_hash, created_at, last_used_at,
      idle_expires_at, absolute_expires_at,
      authenticated_at, methods, proved_methods, revoked_at)
    select ('00000000-0000-7000-9000-' || lpad(to_hex(n), 12, '0'))::uuid,
      ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
      sha256(n::text::bytea), now(), now(), now() + interval '14 days', now() + interval '30 days',
      now(), '{pwd}', '{PASSWORD}',
      case when n % 10 = 0 then now() end
    from generate_series(1, ${rows}) n`;
  const again = [
    ...indexes.map(({ definition }) => definition),
    ...keys.map(
      ({ name, definition }) => `alter table sessions add constraint ${name} ${definition}`,
    ),
  ];
  // biome-ignore lint/plugin: PostgreSQL's own definitions of the dropped objects.
  for (const statement of again) await sql.unsafe(statement);
}

/** Explains every statement of a query, with its actual values. */
async function explain(run: () => Promise<unknown>): Promise<Explained[]> {
  captured = [];
  // The query really runs, in a transaction that is rolled back.
  await sql`begin`;
  await run();
  const plans: Explained[] = [];
  for (const { text, parameters } of captured) {
    // biome-ignore lint/plugin: EXPLAIN takes no statement as a parameter; it is ours.
    const found = await sql.unsafe<{ 'QUERY PLAN': Explained[] }[]>(
      `explain (format json) ${text}`,
      parameters as never[],
    );
    plans.push(...found.flatMap((row) => row['QUERY PLAN']));
  }
  await sql`rollback`;
  return plans;
}

function scansOf(plan: Plan): Plan[] {
  const own = /Scan$/.test(plan['Node Type']) && plan['Relation Name'] !== undefined ? [plan] : [];
  return [...own, ...(plan.Plans ?? []).flatMap(scansOf)];
}

const n = 123_457;
const hex = n.toString(16).padStart(12, '0');
const userId = `00000000-0000-7000-8000-${hex}`;
const sessionId = `00000000-0000-7000-9000-${hex}`;
const now = new Date();
const rotation = {
  sessionId,
  presentedHash: Buffer.alloc(32),
  nextHash: Buffer.alloc(32),
  now,
  idleExpiresAt: now,
  limit: 300,
  windowEndsAt: now,
};
const byOwner = { userId, now, reason: 'logout' };

const statements: Readonly<
  Record<string, { run: () => Promise<unknown>; indexes: readonly string[] }>
> = {
  'that of a request': {
    run: () => createSessionLookup(db, () => now)({ sessionId, userId }),
    indexes: ['sessions_pkey', 'users_pkey'],
  },
  'that of a caller who is held': {
    run: () => findLiveSession(db, { sessionId, userId, now }),
    indexes: ['sessions_pkey', 'users_pkey'],
  },
  'that of a refresh': {
    run: () => rotateSession(db, rotation),
    indexes: ['sessions_pkey', 'users_pkey'],
  },
  'that of a refresh that was refused': {
    run: () => findSessionById(db, { sessionId }),
    indexes: ['sessions_pkey', 'users_pkey'],
  },
  'the list of a user’s sessions': {
    run: () => listLiveSessions(db, { userId, now, limit: 100 }),
    indexes: ['sessions_user_id_index'],
  },
  'the end of one': {
    run: () => revokeSession(db, { ...byOwner, sessionId }),
    indexes: ['sessions_pkey'],
  },
  'the end of all': {
    run: () => revokeAllSessions(db, byOwner),
    indexes: ['sessions_user_id_index'],
  },
  'the end of those beyond the cap': {
    run: () => evictSessions(db, { ...byOwner, exceptId: sessionId, keep: 100 }),
    indexes: ['sessions_pkey', 'sessions_user_id_index'],
  },
  'the count of those that had to make room': {
    run: () => countEndedSessions(db, { userId, reason: 'evicted', since: now }),
    indexes: ['sessions_user_id_index'],
  },
};

describe(`the plans at ${rows} users and sessions`, () => {
  for (const [what, { run, indexes }] of Object.entries(statements)) {
    it(`AV-8 ${what} is one statement, and a look-up by index`, async () => {
      const plans = await explain(run);
      expect(plans).toHaveLength(1);
      const scans = plans.flatMap(({ Plan }) => scansOf(Plan));
      expect(scans.map((scan) => scan['Node Type'])).not.toContain('Seq Scan');
      const used = [...new Set(scans.flatMap((scan) => scan['Index Name'] ?? []))].sort();
      expect(used).toEqual(indexes);
      for (const { Plan } of plans) expect(Plan['Total Cost']).toBeLessThan(100);
    });
  }

  it('AV-8 those of ten users, one of whom has 500, are a look-up by index for each', async () => {
    await sql`insert into sessions (id, user_id, refresh_hash, created_at, last_used_at,
        idle_expires_at, absolute_expires_at, authenticated_at, methods, proved_methods)
      select gen_random_uuid(), ${userId}, sha256(n::text::bytea), now(), now(),
        now() + interval '14 days', now() + interval '30 days', now(), '{pwd}', '{PASSWORD}'
      from generate_series(1, 499) n`;
    const userIds = Array.from(
      { length: 10 },
      (_, more) => `00000000-0000-7000-8000-${(n + more).toString(16).padStart(12, '0')}`,
    );
    const found = await listLiveSessionsOf(db, { userIds, now, limit: 500 });
    const own = found.filter((session) => session.userId === userId);
    expect(own).toHaveLength(500);
    expect(found.length).toBeGreaterThan(505);
    const [plan] = await explain(() => listLiveSessionsOf(db, { userIds, now, limit: 500 }));
    const scans = plan ? scansOf(plan.Plan) : [];
    expect(scans.flatMap((scan) => scan['Index Name'] ?? scan['Node Type'])).toEqual([
      'sessions_user_id_index',
    ]);
    expect(plan?.Plan['Total Cost']).toBeLessThan(1000);
  });

  it('AV-8 a batched look-up of many requests is a look-up by index for each', async () => {
    const lookUp = createSessionLookup(db, () => now);
    const ids = [0, 1, 2, 3].map(
      (more) => `00000000-0000-7000-9000-${(n + more).toString(16).padStart(12, '0')}`,
    );
    // The first goes out single.
    const [, plan] = await explain(() =>
      Promise.all(ids.map((id) => lookUp({ sessionId: id, userId }))),
    );
    const scans = plan ? scansOf(plan.Plan) : [];
    expect(scans.flatMap((scan) => scan['Index Name'] ?? scan['Node Type']).sort()).toEqual([
      'sessions_pkey',
      'users_pkey',
    ]);
  });
});
