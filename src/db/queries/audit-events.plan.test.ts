import type postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../testing/database.ts';
import { rawSql } from '../../testing/raw-sql.ts';
import { countEventsSince, listAuditEvents } from './audit-events.ts';

const rows = 200_000;
/** Of one type, as after a flood of failed sign-ins. */
const flood = 'login.failed';
const rare = 'user.suspended';
const ada = '00000000-0000-7000-8000-000000000001';

const texts: string[] = [];
let database: TestDatabase;
let sql: postgres.Sql;
const now = new Date();
const ago = (hours: number): Date => new Date(now.getTime() - hours * 3_600_000);

beforeAll(async () => {
  database = await createTestDatabase({ onStatement: (text) => texts.push(text) });
  sql = rawSql({ database });
  // Ids as the servers make them; nine of ten events are the flood of the last day.
  await sql`
    insert into audit_events (id, at, type, outcome, actor_id, subject_id)
    select (lpad(to_hex(${now.getTime()}::bigint - n * 400), 12, '0') || '7'
        || lpad(to_hex(n % 4096), 3, '0') || '8000000000000000')::uuid,
      to_timestamp((${now.getTime()}::bigint - n * 400) / 1000.0),
      case when n % 1000 = 7 then ${rare} when n % 10 > 0 then ${flood} else 'session.opened' end,
      'SUCCESS', case when n % 1000 = 7 then ${ada}::uuid end, gen_random_uuid()
    from generate_series(1, ${rows}) n`;
  await sql`vacuum analyze audit_events`;
}, 120_000);
afterAll(async () => {
  await sql.end();
  await database.drop();
});

/** The plan of the statement that ran last, for any values. */
async function planOf(run: () => Promise<unknown>): Promise<string> {
  texts.length = 0;
  await run();
  const text = texts.find((each) => each.includes('"audit_events"'));
  // biome-ignore lint/plugin: a statement of ours, without its values.
  const plan = await sql.unsafe(`explain (generic_plan) ${text}`);
  return plan.map((row) => String(row['QUERY PLAN'])).join('\n');
}

describe(`the trail, of ${rows} events`, () => {
  const db = () => database.database.db;

  it('AV-8 counts what is new of a type in its index, and no further than told', async () => {
    const input = { type: flood, since: ago(24), most: 10_000 };
    expect(await countEventsSince(db(), input)).toBe(10_000);
    const plan = await planOf(() => countEventsSince(db(), input));
    expect(plan).toMatch(/Limit/);
    expect(plan).toMatch(/Index Only Scan Backward using audit_events_type_index/);
    expect(plan).not.toMatch(/Seq Scan|Sort|Bitmap/);
    expect(await countEventsSince(db(), { ...input, type: rare })).toBe(200);
    expect(await countEventsSince(db(), { ...input, type: 'no.such' })).toBe(0);
    const hour = { type: rare, since: ago(1), most: 10_000 };
    expect(await countEventsSince(db(), hour)).toBe(9);
  });

  const all = { type: null, userId: null, actorId: null, since: null, until: null, before: null };
  const between = { since: ago(20), until: ago(2) };
  it.each([
    ['of some hours', { ...all, ...between }, 'audit_events_pkey'],
    ['of a type', { ...all, type: rare, ...between }, 'audit_events_type_index'],
    ['of an actor', { ...all, actorId: ada, ...between }, 'audit_events_actor_index'],
    [
      'of an actor and a type',
      { ...all, actorId: ada, type: rare, ...between },
      'audit_events_actor_index',
    ],
    ['about a user', { ...all, userId: ada, ...between }, 'audit_events_subject_index'],
  ])('AV-8 lists those %s in the order of an index', async (_what, filter, index) => {
    const input = { ...filter, limit: 21 };
    const plan = await planOf(() => listAuditEvents(db(), input));
    expect(plan).toContain(`Index Scan Backward using ${index}`);
    expect(plan).not.toMatch(/Seq Scan|Sort/);
    const found = await listAuditEvents(db(), input);
    for (const { at } of found) {
      expect(at >= between.since).toBe(true);
      expect(at < between.until).toBe(true);
    }
  });
});
