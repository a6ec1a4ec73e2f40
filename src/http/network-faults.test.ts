import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { serverStatementTimeoutMs } from '../db/driver/client.ts';
import { startTestServer, type TestServer } from '../testing/app.ts';
import { type Answer, meQuery, mutationText } from '../testing/client.ts';
import { type GatedServer, startGatedServer } from '../testing/gated-server.ts';
import { freshAddress, goodPassword, type Person, registerPerson } from '../testing/people.ts';
import type { TcpGate } from '../testing/tcp-gate.ts';

let home: TestServer;
let gated: GatedServer;
let gate: TcpGate;
let server: TestServer;
beforeAll(async () => {
  home = await startTestServer();
  gated = await startGatedServer(home, {
    maxConnections: 4,
    statementTimeoutMs: serverStatementTimeoutMs,
  });
  ({ gate, server } = gated);
});
afterAll(async () => {
  await gated.stop();
  await home.stop();
});

const requestsOf = (person: Person): Promise<Answer>[] => [
  server.send(meQuery, {}, { token: person.accessToken }),
  server.send(mutationText('refreshSession'), { input: { refreshToken: person.refreshToken } }),
  server.send(mutationText('login'), {
    input: { email: person.email, password: person.password },
  }),
  server.send(mutationText('register'), {
    input: { email: freshAddress(), password: goodPassword },
  }),
];

/** The longest that a caught request may go on after the fault's end, in milliseconds. */
const bound = 5000;

it.each([
  ['swallows everything', () => gate.silence()],
  ['stalls', () => gate.stall()],
  ['refuses connections', () => gate.cut()],
])('X-53 a request caught by a network that %s ends within 5 s of it', async (_, begin) => {
  const people = [await registerPerson(server), await registerPerson(server)];
  await begin();
  const caught = [...people.flatMap(requestsOf), ...people.flatMap(requestsOf)];
  // Until all are caught: by a connection, on the way to one, or waiting for one.
  const isBusy = () => (server.database.database.load()?.waiting ?? 0) > 0;
  await Promise.race([Promise.all(caught), expect.poll(isBusy, { interval: 10 }).toBe(true)]);
  await gate.open();
  // The two wait in one event loop, so a busy machine delays both alike.
  const late = sleep(bound).then(() => 'late');
  const ends = await Promise.all(
    caught.map((request) => Promise.race([request.then(({ status }) => status), late])),
  );
  for (const end of ends) expect([200, 503]).toContain(end);
  // No one has lost a session, and all goes on.
  for (const person of people) {
    for (const request of requestsOf(person)) {
      expect((await request).text).not.toMatch(/"code":|"errors"/);
    }
  }
});
