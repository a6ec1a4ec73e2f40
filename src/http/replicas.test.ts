import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPostgres } from '../db/driver/client.ts';
import { makeAdministrator } from '../testing/administrators.ts';
import { startTestServer, type TestServer } from '../testing/app.ts';
import { meQuery } from '../testing/client.ts';
import { createTestDatabase, type TestDatabase } from '../testing/database.ts';
import { freePort } from '../testing/free-port.ts';
import { goodPassword, registerPerson } from '../testing/people.ts';
import { suspendUser } from '../testing/rows.ts';

/** A server on `home` whose replica is at `replicaUrl`. */
async function serverWith(home: TestDatabase, replicaUrl: string): Promise<TestServer> {
  const database = openPostgres({
    url: home.url ?? '',
    replicaUrls: [replicaUrl],
    maxConnections: 5,
    applicationName: 'latchkey-replicas',
    statementTimeoutMs: 5000,
  });
  return startTestServer({ database: { database, url: home.url, drop: () => database.close() } });
}

const listUsers = '{ users(first: 100) { edges { node { email } } } }';

describe('a server with a replica that lags so far that it has no users', () => {
  let home: TestDatabase;
  let behind: TestDatabase;
  let server: TestServer;
  beforeAll(async () => {
    [home, behind] = [await createTestDatabase(), await createTestDatabase()];
    server = await serverWith(home, behind.url ?? '');
  });
  afterAll(async () => {
    await server.stop();
    await server.database.drop();
    for (const database of [home, behind]) await database.drop();
  });

  it('decides limits, passwords, sessions and roles by the primary alone', async () => {
    const admin = await makeAdministrator(server);
    const person = await registerPerson(server);
    const token = { token: person.accessToken };
    expect((await server.mutate('login', { email: person.email, password: 'wrong' })).code).toBe(
      'INVALID_CREDENTIALS',
    );
    expect((await server.send(meQuery, {}, token)).data.me.id).toBe(person.id);
    const refreshed = await server.mutate('refreshSession', { refreshToken: person.refreshToken });
    expect(refreshed.__typename).toBe('AuthTokens');
    await suspendUser(server, person.id);
    expect((await server.send(meQuery, {}, token)).status).toBe(401);
    const login = await server.mutate('login', { email: person.email, password: goodPassword });
    expect(login.__typename).toBe('AuthError');
    // The role was read from the primary, the list from the replica.
    const list = await server.send(listUsers, {}, { token: admin.accessToken });
    expect(list.data.users.edges).toEqual([]);
  });

  it('fails lists, and nothing else, when the replica does not respond', async () => {
    const other = await serverWith(
      home,
      `postgres://nobody@127.0.0.1:${await freePort()}/none?sslmode=disable`,
    );
    const admin = await makeAdministrator(other);
    const list = await other.send(listUsers, {}, { token: admin.accessToken });
    expect(list.status).toBe(503);
    expect((await other.send(meQuery, {}, { token: admin.accessToken })).data.me.id).toBe(admin.id);
    await other.stop();
    await other.database.drop();
  });
});
