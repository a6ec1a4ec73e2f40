import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { registerPerson } from '../../testing/people.ts';
import { countRows, lookInto } from '../../testing/raw-sql.ts';
import { purgeExpired } from './purge-expired.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const withAudit = (audit: number | null) => ({
  ...server.app,
  config: { ...server.app.config, retention: { ...server.app.config.retention, audit } },
});

it('X-41 RETENTION_AUDIT removes old events with their origins, where it is set', async () => {
  await registerPerson(server);
  const before = await countRows(server, 'audit_events');
  server.clock.advance(100 * 86_400);
  await registerPerson(server);
  const all = await countRows(server, 'audit_events');
  expect((await purgeExpired(server.app)).auditEvents).toBe(0);
  expect(await countRows(server, 'audit_events')).toBe(all);

  expect((await purgeExpired(withAudit(90 * 86_400))).auditEvents).toBe(before);
  expect(await countRows(server, 'audit_events')).toBe(all - before);
  const orphans = await lookInto(
    server,
    (sql) => sql`select 1 from audit_origins o left join audit_events e on e.id = o.event_id
      where e.id is null`,
  );
  expect(orphans).toEqual([]);
});
