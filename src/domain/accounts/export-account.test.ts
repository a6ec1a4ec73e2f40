import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { type Person, registerPerson } from '../../testing/people.ts';
import { lookInto } from '../../testing/raw-sql.ts';

const name = 'A "quoted" 👩‍💻 long-text:00000000000000000000000000000000';
const exported = 'mutation { exportAccount(input: {}) { ... on AccountExport { json } } }';

describe('X-41 exportAccount of a long life', () => {
  let server: TestServer;
  let person: Person;
  beforeAll(async () => {
    server = await startTestServer();
    person = await registerPerson(server);
    // What strangers fail at is most of it.
    await lookInto(
      server,
      (sql) => sql`insert into audit_events (id, at, type, outcome, actor_id, subject_id)
        select ('01000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, now(), 'login.failed',
          'FAILURE', case when n % 5 = 0 then ${person.id}::uuid end,
          case when n % 10 = 0 then gen_random_uuid() else ${person.id}::uuid end
        from generate_series(1, 101000) n`,
    );
    await lookInto(server, (sql) => sql`analyze audit_events`);
  });
  afterAll(() => server.stop());

  it('holds every event, each once, the newest first', async () => {
    for (const path of ['of Apollo', 'that is fast']) {
      const { data } = await server.send(exported, {}, { token: person.accessToken });
      const { isComplete, securityEvents } = JSON.parse(data.exportAccount.json);
      expect(isComplete, path).toBe(true);
      const ids: string[] = securityEvents.map((event: { id: string }) => event.id);
      expect(ids.filter((each) => each.startsWith('01000000'))).toHaveLength(101_000);
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids).toEqual([...ids].sort().reverse());
    }
  });

  it('is the same under each alias, whatever the owner is called', async () => {
    const other = await registerPerson(server, { name });
    const { data } = await server.send(
      exported.replace('json', 'json again: json createdAt'),
      {},
      { token: other.accessToken },
    );
    const { json, again, createdAt } = data.exportAccount;
    expect(again).toBe(json);
    expect(JSON.parse(json)).toMatchObject({ createdAt, isComplete: true, account: { name } });
  });

  it('is read while it is sent, and an answer that breaks off is no answer', async () => {
    const response = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${person.accessToken}`,
      },
      body: JSON.stringify({ query: exported }),
    });
    expect(response.status).toBe(200);
    await lookInto(server, (sql) => sql`alter table audit_events rename to set_aside`);
    try {
      await expect(response.text()).rejects.toThrow();
    } finally {
      await lookInto(server, (sql) => sql`alter table set_aside rename to audit_events`);
    }
    const lines = server.logLines.map((line) => JSON.parse(line));
    expect(lines.find(({ msg }) => msg === 'An answer broke off.')).toMatchObject({
      level: 'error',
      operation: 'exportAccount',
      err: { cause: { code: '42P01' } },
    });
    const { data } = await server.send(exported, {}, { token: person.accessToken });
    expect(JSON.parse(data.exportAccount.json).isComplete).toBe(true);
  });
});
