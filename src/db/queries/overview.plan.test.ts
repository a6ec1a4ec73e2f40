import type postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../testing/database.ts';
import { rawSql } from '../../testing/raw-sql.ts';
import { mailTroubles } from './outbox.ts';
import { hasForeignPasskeys } from './passkeys.ts';
import { listAdmins } from './user-administration.ts';

const rows = 100_000;
const rpId = 'example.com';

const texts: string[] = [];
let database: TestDatabase;
let sql: postgres.Sql;
beforeAll(async () => {
  database = await createTestDatabase({ onStatement: (text) => texts.push(text) });
  sql = rawSql({ database });
  await sql`
    insert into users (id, email, email_canonical, created_at)
    select ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, n || '@example.com',
      n || '@example.com', now()
    from generate_series(1, ${rows}) n`;
  await sql`
    insert into passkeys (id, user_id, credential_id, public_key, algorithm, rp_id, sign_count,
      uv_initialized, backup_eligible, backup_state, transports, name, created_at)
    select id, id, uuid_send(id), '\\x00', -7, ${rpId}, 0, true, true, true, '{}', 'x', now()
    from users`;
  await sql`
    insert into outbox_messages (id, template, available_at, expires_at, sent_at, created_at)
    select id, 'none', now(), now(), now(), now() from users`;
  await sql`vacuum analyze users, passkeys, outbox_messages`;
}, 120_000);
afterAll(async () => {
  await sql.end();
  await database.drop();
});

/** The plan of the statement that ran last, for any values. */
async function planOf(run: () => Promise<unknown>): Promise<string> {
  texts.length = 0;
  await run();
  // biome-ignore lint/plugin: a statement of ours, without its values.
  const plan = await sql.unsafe(`explain (generic_plan) ${texts.at(-1)}`);
  return plan.map((row) => String(row['QUERY PLAN'])).join('\n');
}

describe(`what the overview asks, at ${rows} users, passkeys and mails`, () => {
  const db = () => database.database.db;

  it('AV-8 finds passkeys of another RP ID by both ends of an index', async () => {
    const plan = await planOf(() => hasForeignPasskeys(db(), { rpId }));
    expect(plan).toContain('passkeys_rp_id_index');
    expect(plan).not.toMatch(/Seq Scan|Sort/);
    expect(await hasForeignPasskeys(db(), { rpId })).toBe(false);
    for (const other of ['a.example', 'login.example.com']) {
      const [id = ''] = (await sql`select id from passkeys limit 1`).map((row) => row['id']);
      await sql`update passkeys set rp_id = ${other} where id = ${id}`;
      expect(await hasForeignPasskeys(db(), { rpId })).toBe(true);
      await sql`update passkeys set rp_id = ${rpId} where id = ${id}`;
    }
    await sql`delete from passkeys`;
    expect(await hasForeignPasskeys(db(), { rpId })).toBe(false);
  });

  it('AV-8 reads of the mails those that wait or were given up, and no other', async () => {
    const asked = { now: new Date(), unproven: { reason: 'unproven' } };
    const plan = await planOf(() => mailTroubles(db(), asked));
    expect(plan).toContain('outbox_messages_failed_at_index');
    expect(plan).toContain('outbox_messages_due_index');
    expect(plan).not.toContain('Seq Scan');
  });

  it('AV-8 lists administrators by their index', async () => {
    const plan = await planOf(() => listAdmins(db(), { limit: 200 }));
    expect(plan).toContain('users_admins_index');
    expect(plan).not.toMatch(/Seq Scan|Sort/);
  });
});
