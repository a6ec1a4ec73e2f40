import { decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { meQuery } from '../../testing/client.ts';
import { type Person, registerPerson } from '../../testing/people.ts';
import { rotateSigningKey } from './rotate-signing-key.ts';
import { publishAhead } from './rules.ts';

let one: TestServer;
let two: TestServer;
beforeAll(async () => {
  one = await startTestServer();
  two = await one.another();
});
afterAll(async () => {
  await two.stop();
  await one.stop();
});

const jwksOf = async (server: TestServer): Promise<string> =>
  (await fetch(`${server.url}/.well-known/jwks.json`)).text();

/**
 * `npm run bench -- rotation` does the same for a minute, with real processes, commands and time.
 */
it('JW-10 no request fails in three rotations under steady traffic on two instances', async () => {
  const people = await Promise.all(Array.from({ length: 4 }, () => registerPerson(one)));
  const failures: unknown[] = [];
  const kids = new Set<unknown>();
  let requests = 0;
  let isOver = false;

  /** A client that queries `me` on both instances in turn, and refreshes every fourth time. */
  const drive = async (person: Person): Promise<void> => {
    let { accessToken, refreshToken } = person;
    for (let count = 0; !isOver; count += 1) {
      const server = count % 2 === 0 ? one : two;
      if (count % 4 === 3) {
        const answer = await server.mutate('refreshSession', { refreshToken });
        if (answer.__typename === 'AuthTokens') ({ accessToken, refreshToken } = answer);
        else failures.push(answer);
        kids.add(decodeProtectedHeader(accessToken).kid);
      } else {
        const { data, text } = await server.send(meQuery, {}, { token: accessToken });
        if (data?.me?.id !== person.id) failures.push(text);
      }
      requests += 1;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const clients = people.map(drive);

  for (let rotation = 0; rotation < 3; rotation += 1) {
    const made = await rotateSigningKey(rotation % 2 === 0 ? one.app : two.app);
    // By timer, within seconds, and before the key signs.
    for (const server of [one, two]) {
      await vi.waitFor(async () => expect(await jwksOf(server)).toContain(made?.kid), {
        timeout: 90_000,
        interval: 250,
      });
    }
    one.clock.advance(publishAhead);
    await vi.waitFor(() => expect(kids).toContain(made?.kid), { timeout: 90_000, interval: 50 });
  }
  isOver = true;
  await Promise.all(clients);
  expect(failures).toEqual([]);
  expect(kids.size).toBe(4);
  expect(requests).toBeGreaterThan(50);
}, 600_000);
