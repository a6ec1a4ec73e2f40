import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPostgres } from '../db/driver/client.ts';
import { joinHosts } from '../db/driver/host-urls.ts';
import { migratePostgres } from '../db/migrate.ts';
import { startTestServer, type TestServer } from '../testing/app.ts';
import { meQuery } from '../testing/client.ts';
import { startEmbeddedPair } from '../testing/embedded-postgres.ts';
import { registerPerson } from '../testing/people.ts';

describe('AV-8 a server with a primary and a synchronous standby', () => {
  let pair: Awaited<ReturnType<typeof startEmbeddedPair>>;
  let server: TestServer;
  beforeAll(async () => {
    pair = await startEmbeddedPair({ isSynchronous: true });
    // The standby first: the order does not decide where writes go.
    const url = joinHosts([pair.standby.url, pair.primary.url]);
    await migratePostgres(url);
    const database = openPostgres({
      url,
      maxConnections: 5,
      applicationName: 'latchkey-failover',
      statementTimeoutMs: 5000,
    });
    server = await startTestServer({ database: { database, url, drop: () => database.close() } });
  });
  afterAll(async () => {
    await server.stop();
    await server.database.drop();
    await pair.standby.stop();
    await pair.primary.stop();
  });

  it('after a failover finds the promoted standby by itself and has lost nothing', async () => {
    const person = await registerPerson(server);
    pair.primary.kill();
    const refused = await server.send(meQuery, {}, { token: person.accessToken });
    expect(refused.status).toBe(503);
    await pair.standby.promote();
    // `npm run bench -- failover` measures how soon.
    const status = async (): Promise<number> =>
      (await server.send(meQuery, {}, { token: person.accessToken })).status;
    await expect.poll(status, { timeout: 60_000, interval: 20 }).toBe(200);
    const refreshed = await server.mutate('refreshSession', { refreshToken: person.refreshToken });
    expect(refreshed).toMatchObject({ __typename: 'AuthTokens', user: { id: person.id } });
    expect((await registerPerson(server)).id).not.toBe(person.id);
  });
});
