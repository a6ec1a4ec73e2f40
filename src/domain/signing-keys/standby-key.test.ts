import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { afterEach, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { meQuery } from '../../testing/client.ts';
import { registerPerson, signIn } from '../../testing/people.ts';
import { ensureStandbyKey } from './ensure-standby-key.ts';
import { listSigningKeys } from './list-signing-keys.ts';
import { removeSigningKey } from './remove-signing-key.ts';
import { rotateSigningKey } from './rotate-signing-key.ts';
import { publishAhead } from './rules.ts';

describe('X-26 the standby key', () => {
  const running: TestServer[] = [];
  afterEach(async () => {
    for (const server of running.splice(0).reverse()) await server.stop();
  });
  async function start() {
    const one = await startTestServer();
    const two = await one.another();
    running.push(one, two);
    await Promise.all([ensureStandbyKey(one.app), ensureStandbyKey(two.app)]);
    await one.app.keyRing.load();
    await two.app.keyRing.load();
    return { one, two };
  }
  const states = async ({ app }: TestServer) =>
    (await listSigningKeys(app)).map(({ state }) => state).sort();
  const keySet = async ({ url }: TestServer) =>
    createLocalJWKSet(JSON.parse(await (await fetch(`${url}/.well-known/jwks.json`)).text()));
  const kidOf = (token: string) => decodeProtectedHeader(token).kid;

  it('is one for all servers, published, and signs nothing', async () => {
    const { one, two } = await start();
    expect(await states(one)).toEqual(['active', 'standby']);
    expect(two.app.keyRing.published()).toHaveLength(2);
    const person = await registerPerson(one);
    const [standby] = await listSigningKeys(one.app);
    expect(standby?.state).toBe('standby');
    expect(kidOf(person.accessToken)).not.toBe(standby?.kid);
  });

  it('verifiers that have cached the keys take tokens after an emergency removal', async () => {
    const { one, two } = await start();
    const person = await registerPerson(one);
    const cached = await keySet(one);
    const signing = one.app.keyRing.signing().kid;
    const removed = await removeSigningKey(one.app, { kid: signing });
    await one.app.keyRing.load();
    const after = await signIn(one, person);
    expect(kidOf(after.accessToken)).toBe(removed?.successor?.kid);
    const options = { currentDate: one.clock.now() };
    expect((await jwtVerify(after.accessToken, cached, options)).payload.sub).toBe(person.id);
    // A server that has not read the table again takes them, too.
    const answer = await two.send(meQuery, {}, { token: after.accessToken });
    expect(answer.data.me.email).toBe(person.email);
    // And the next emergency is provided for.
    expect(await states(one)).toEqual(['active', 'removed', 'standby']);
  });

  it('takes over beside a key that is published already, which signs at its time', async () => {
    const { one } = await start();
    const next = await rotateSigningKey(one.app);
    expect(await states(one)).toEqual(['active', 'next', 'standby']);
    await removeSigningKey(one.app, { kid: one.app.keyRing.signing().kid });
    await one.app.keyRing.load();
    expect(one.app.keyRing.signing().kid).not.toBe(next?.kid);
    one.clock.advance(publishAhead + 1);
    expect(one.app.keyRing.signing().kid).toBe(next?.kid);
    expect(await states(one)).toEqual(['active', 'removed', 'retired', 'standby']);
  });

  it('is replaced where it is removed itself, and outlives rotations', async () => {
    const { one } = await start();
    const [standby] = await listSigningKeys(one.app);
    const removed = await removeSigningKey(one.app, { kid: standby?.kid ?? '' });
    expect(removed?.successor).toBeNull();
    expect(await states(one)).toEqual(['active', 'removed', 'standby']);
    for (let round = 0; round < 2; round += 1) {
      await rotateSigningKey(one.app, { signsIn: 20 });
      one.clock.advance(3600 * 3);
    }
    await one.app.keyRing.load();
    expect((await states(one)).filter((state) => state === 'standby')).toHaveLength(1);
    expect(one.app.keyRing.published()).toHaveLength(2);
  });
});
