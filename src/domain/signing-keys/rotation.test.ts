import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { secondsAfter } from '../../clock.ts';
import type { Config } from '../../config/read-config.ts';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { meQuery } from '../../testing/client.ts';
import { type Person, registerPerson, signIn } from '../../testing/people.ts';
import { putSigningKey, signingKeyEvents } from '../../testing/rows.ts';
import { listSigningKeys } from './list-signing-keys.ts';
import { removeSigningKey } from './remove-signing-key.ts';
import { rotateSigningKey } from './rotate-signing-key.ts';
import { keptAfterEnd, overlap, publishAhead, reloadEvery } from './rules.ts';

const started: TestServer[] = [];
afterEach(async () => {
  for (const server of started.splice(0).reverse()) await server.stop();
});

async function startTwo(config: Partial<Config> = {}): Promise<[TestServer, TestServer]> {
  const one = await startTestServer({ config });
  started.push(one);
  const two = await one.another();
  started.push(two);
  return [one, two];
}

const kidOf = (token: string) => decodeProtectedHeader(token).kid;
const reasonOf = async (server: TestServer, { accessToken }: Pick<Person, 'accessToken'>) =>
  (await server.send(meQuery, {}, { token: accessToken })).errors[0]?.extensions.reason;
const jwksOf = async (server: TestServer): Promise<string[]> => {
  const body = JSON.parse(await (await fetch(`${server.url}/.well-known/jwks.json`)).text());
  return body.keys.map(({ kid }: { kid: string }) => kid);
};
const endOf = async (server: TestServer, kid: string | undefined) =>
  (await listSigningKeys(server.app)).find((key) => key.kid === kid)?.expiresAt;
const reload = (...servers: TestServer[]) =>
  Promise.all(servers.map(({ app }) => app.keyRing.load()));

describe('rotation', () => {
  it('JW-10 ADV-58 publishes the next key first, verifies by the old for its tokens', async () => {
    const [one, two] = await startTwo();
    const before = await registerPerson(one);
    const first = kidOf(before.accessToken);
    expect(first).toMatch(/^[0-9a-f]{24}$/);

    const made = await rotateSigningKey(one.app);
    expect(made?.activeFrom).toEqual(secondsAfter(one.clock.now(), publishAhead));
    await reload(one, two);
    for (const server of [one, two]) expect(await jwksOf(server)).toEqual([made?.kid, first]);
    expect(kidOf((await signIn(one, before)).accessToken)).toBe(first);

    one.clock.advance(publishAhead - 1);
    const late = await signIn(two, before);
    expect(kidOf(late.accessToken)).toBe(first);
    one.clock.advance(1);
    const after = await signIn(one, before);
    expect(kidOf(after.accessToken)).toBe(made?.kid);
    // On every instance: the old key's tokens here, the new one's there.
    expect(await reasonOf(two, after)).toBeUndefined();
    expect(await reasonOf(one, late)).toBeUndefined();

    one.clock.advance(898);
    expect(await reasonOf(two, late)).toBeUndefined();
    await reload(one, two);
    expect(await jwksOf(one)).toContain(first);
    one.clock.advance(overlap - 898);
    await reload(one, two);
    for (const server of [one, two]) expect(await jwksOf(server)).toEqual([made?.kid]);
    // Its last token had expired long before.
    expect(await reasonOf(one, late)).toBe('TOKEN_INVALID');
  });

  it('JW-10 keys sign in the order in which they were made, however soon they follow', async () => {
    const [one] = await startTwo();
    const second = await rotateSigningKey(one.app);
    const third = await rotateSigningKey(one.app, { signsIn: 30 });
    expect(third?.activeFrom).toEqual(secondsAfter(second?.activeFrom ?? new Date(0), 1));
    const [first, ...rest] = (await listSigningKeys(one.app)).reverse();
    expect(first).toMatchObject({ state: 'active' });
    expect(rest).toMatchObject([
      { kid: second?.kid, state: 'next' },
      { kid: third?.kid, state: 'next', expiresAt: null },
    ]);
    one.clock.advance(publishAhead);
    await reload(one);
    expect(one.app.keyRing.signing().kid).toBe(second?.kid);
    one.clock.advance(1);
    expect(one.app.keyRing.signing().kid).toBe(third?.kid);
  });

  it('JW-10 two instances that rotate at once make both keys and agree which signs', async () => {
    const [one, two] = await startTwo();
    await Promise.all([rotateSigningKey(one.app), rotateSigningKey(two.app)]);
    one.clock.advance(publishAhead + 2);
    await reload(one, two);
    expect(one.app.keyRing.signing().kid).toBe(two.app.keyRing.signing().kid);
  });

  it('JW-10 servers that start at once on an empty database share one key', async () => {
    const one = await startTestServer();
    started.push(one);
    const [key] = await listSigningKeys(one.app);
    const others = await Promise.all([one.another(), one.another(), one.another()]);
    started.push(...others);
    expect(await listSigningKeys(one.app)).toEqual([key]);
    expect(await signingKeyEvents(one)).toMatchObject([
      { type: 'signing_key.created', detail: { kid: key?.kid } },
    ]);
  });

  it('JW-10 on schedule: one new key for all instances, each within seconds', async () => {
    const period = 90 * 24 * 3600;
    const [one, two] = await startTwo({ signingKeyRotation: period });
    const first = one.app.keyRing.signing().kid;
    one.clock.advance(period - 1);
    await new Promise((resolve) => setTimeout(resolve, 6000));
    expect(await listSigningKeys(one.app)).toHaveLength(1);
    one.clock.advance(1);
    await vi.waitFor(async () => expect(await jwksOf(two)).toHaveLength(2), {
      timeout: 90_000,
      interval: 200,
    });
    await vi.waitFor(async () => expect(await jwksOf(one)).toHaveLength(2), {
      timeout: 90_000,
      interval: 200,
    });
    await new Promise((resolve) => setTimeout(resolve, 6000));
    expect(await listSigningKeys(one.app)).toHaveLength(2);
    expect(one.app.keyRing.signing().kid).toBe(first);
  }, 300_000);

  it('JW-10 another JWT_ALGORITHM rotates: the old key signs until the new is public', async () => {
    const [one] = await startTwo();
    const person = await registerPerson(one);
    const changed = await one.another({ jwt: { ...one.app.config.jwt, algorithm: 'EdDSA' } });
    started.push(changed);
    const still = await signIn(changed, person);
    expect(decodeProtectedHeader(still.accessToken)).toMatchObject({ alg: 'ES256' });
    const configuration = await (
      await fetch(`${changed.url}/.well-known/openid-configuration`)
    ).text();
    expect(JSON.parse(configuration).id_token_signing_alg_values_supported).toEqual([
      'EdDSA',
      'ES256',
    ]);
    one.clock.advance(publishAhead);
    await one.app.keyRing.load();
    for (const server of [one, changed]) {
      const { accessToken } = await signIn(server, person);
      expect(decodeProtectedHeader(accessToken)).toMatchObject({ alg: 'EdDSA' });
      expect(await reasonOf(one, { accessToken })).toBeUndefined();
      expect(await reasonOf(changed, still)).toBeUndefined();
    }
  });

  it('destroys keys long after they stopped verifying', async () => {
    const [one] = await startTwo();
    const { kid } = one.app.keyRing.signing();
    await rotateSigningKey(one.app);
    one.clock.advance(publishAhead + overlap + keptAfterEnd + 1);
    await rotateSigningKey(one.app);
    const kids = (await listSigningKeys(one.app)).map((key) => key.kid);
    expect(kids).toHaveLength(2);
    expect(kids).not.toContain(kid);
  });
});

describe('emergency removal', () => {
  it('JW-10 of the signing key: its tokens are refused everywhere, a new key signs', async () => {
    const [one, two] = await startTwo();
    const person = await registerPerson(one);
    const { kid } = one.app.keyRing.signing();
    const removed = await removeSigningKey(one.app, { kid });
    expect(removed?.successor?.activeFrom).toEqual(one.clock.now());
    for (const server of [one, two]) {
      await vi.waitFor(async () => expect(await reasonOf(server, person)).toBe('TOKEN_INVALID'), {
        timeout: 90_000,
        interval: 100,
      });
      expect(await jwksOf(server)).toEqual([removed?.successor?.kid]);
    }
    // The interval, in seconds, in which each instance reloads its keys.
    expect(reloadEvery).toBeLessThan(60);
    // The session does not depend on the key: a refresh restores it.
    const { accessToken } = await one.mutate('refreshSession', {
      refreshToken: person.refreshToken,
    });
    expect(await reasonOf(two, { accessToken })).toBeUndefined();
    const event = (await signingKeyEvents(one)).find(({ type }) => type === 'signing_key.removed');
    expect(event).toMatchObject({ type: 'signing_key.removed', actorId: null, detail: { kid } });
  }, 300_000);

  it('JW-10 of the signing key while the next one is pending: that one signs at once', async () => {
    const [one] = await startTwo();
    const { kid } = one.app.keyRing.signing();
    const next = await rotateSigningKey(one.app);
    one.clock.advance(1);
    const removed = await removeSigningKey(one.app, { kid });
    expect(removed?.successor).toEqual({ kid: next?.kid, activeFrom: one.clock.now() });
    await reload(one);
    expect(one.app.keyRing.signing().kid).toBe(next?.kid);
    expect(await listSigningKeys(one.app)).toMatchObject([
      { kid: next?.kid, state: 'active', expiresAt: null },
      { kid, state: 'removed' },
    ]);
  });

  it('JW-10 of the pending key: the signing one stays until another is published', async () => {
    const [one] = await startTwo();
    const { kid } = one.app.keyRing.signing();
    const next = await rotateSigningKey(one.app);
    one.clock.advance(60);
    const removed = await removeSigningKey(one.app, { kid: next?.kid ?? '' });
    const activeFrom = secondsAfter(one.clock.now(), publishAhead);
    expect(removed?.successor?.activeFrom).toEqual(activeFrom);
    const [, , first] = (await listSigningKeys(one.app)).sort(
      (a, b) => b.createdAt.getTime() - a.createdAt.getTime(),
    );
    expect(first).toMatchObject({
      kid,
      state: 'active',
      expiresAt: secondsAfter(activeFrom, overlap),
    });
  });

  it('JW-10 of a key before a pending one: there is always a key that signs', async () => {
    const [one] = await startTwo();
    const { kid } = one.app.keyRing.signing();
    const second = await rotateSigningKey(one.app);
    const third = await rotateSigningKey(one.app, { signsIn: 24 * 3600 });
    expect(await removeSigningKey(one.app, { kid: second?.kid ?? '' })).toMatchObject({
      successor: null,
    });
    one.clock.advance(publishAhead + overlap);
    await reload(one);
    expect(one.app.keyRing.signing().kid).toBe(kid);
    const last = await registerPerson(one);
    one.clock.set(third?.activeFrom ?? new Date(0));
    await reload(one);
    expect(one.app.keyRing.signing().kid).toBe(third?.kid);
    expect(await endOf(one, kid)).toEqual(secondsAfter(one.clock.now(), overlap));
    expect(kidOf(last.accessToken)).toBe(kid);
  });

  it('JW-10 of the last of several pending keys: another follows without a gap', async () => {
    const [one] = await startTwo();
    const { kid } = one.app.keyRing.signing();
    const second = await rotateSigningKey(one.app, { signsIn: 24 * 3600 });
    const third = await rotateSigningKey(one.app, { signsIn: 24 * 3600 });
    const removed = await removeSigningKey(one.app, { kid: third?.kid ?? '' });
    const activeFrom = secondsAfter(second?.activeFrom ?? new Date(0), 1);
    expect(removed?.successor?.activeFrom).toEqual(activeFrom);
    expect(await endOf(one, second?.kid)).toEqual(secondsAfter(activeFrom, overlap));
    expect(await endOf(one, kid)).toEqual(secondsAfter(second?.activeFrom ?? new Date(0), overlap));
  });

  it('JW-10 of a retired key does not affect the signing one', async () => {
    const [one] = await startTwo();
    const { kid } = one.app.keyRing.signing();
    const next = await rotateSigningKey(one.app);
    one.clock.advance(publishAhead);
    expect(await removeSigningKey(one.app, { kid })).toEqual({ kid, successor: null });
    await reload(one);
    expect(one.app.keyRing.signing().kid).toBe(next?.kid);
    expect(await jwksOf(one)).toEqual([next?.kid]);
  });

  it('JW-10 takes effect even if another row cannot be read', async () => {
    const [one] = await startTwo();
    const person = await registerPerson(one);
    const { kid } = one.app.keyRing.signing();
    await putSigningKey(one, {
      kid: 'broken',
      algorithm: 'ES256',
      sealedPrivateJwk: Buffer.alloc(64),
      createdAt: one.clock.now(),
      activeFrom: secondsAfter(one.clock.now(), -10),
    });
    await removeSigningKey(one.app, { kid });
    await vi.waitFor(async () => expect(await reasonOf(one, person)).toBe('TOKEN_INVALID'), {
      timeout: 90_000,
      interval: 100,
    });
    expect(one.logLines.join()).toContain('signing_keys.unusable');
  }, 300_000);

  it('reports a kid that is not in use, and changes nothing', async () => {
    const [one] = await startTwo();
    const { kid } = one.app.keyRing.signing();
    for (const unknown of ['', 'x', `${kid} `, "' or 1=1 --"]) {
      expect(await removeSigningKey(one.app, { kid: unknown })).toBeNull();
    }
    await removeSigningKey(one.app, { kid });
    expect(await removeSigningKey(one.app, { kid })).toBeNull();
    expect(await listSigningKeys(one.app)).toHaveLength(2);
  });
});

describe('other parties and our keys', () => {
  for (const algorithm of ['RS256', 'ES256', 'EdDSA'] as const) {
    it(`JW-10 jose’s createRemoteJWKSet verifies ${algorithm}, in a rotation too`, async () => {
      const one = await startTestServer({
        config: { jwt: { algorithm, audience: 'http://localhost:4000', type: 'JWT' } },
      });
      started.push(one);
      const jwks = createRemoteJWKSet(new URL(`${one.url}/.well-known/jwks.json`), {
        cooldownDuration: 0,
      });
      const check = async (token: string) =>
        jwtVerify(token, jwks, {
          algorithms: [algorithm],
          issuer: 'http://localhost:4000',
          audience: 'http://localhost:4000',
          typ: 'JWT',
          currentDate: one.clock.now(),
        });
      const person = await registerPerson(one);
      expect((await check(person.accessToken)).payload.sub).toBe(person.id);
      await rotateSigningKey(one.app);
      await reload(one);
      one.clock.advance(publishAhead);
      const next = await signIn(one, person);
      expect(kidOf(next.accessToken)).not.toBe(kidOf(person.accessToken));
      expect((await check(next.accessToken)).payload['sid']).toBe(next.sessionId);
      expect((await check(person.accessToken)).payload['sid']).toBe(person.sessionId);
      const [head, body, signature] = next.accessToken.split('.');
      await expect(check(`${head}.${body}x.${signature}`)).rejects.toThrow();
    }, 300_000);
  }

  it('JW-11 HS256 publishes nothing, and still rotates', async () => {
    const one = await startTestServer({
      config: { jwt: { algorithm: 'HS256', audience: 'http://localhost:4000', type: 'at+jwt' } },
    });
    started.push(one);
    const person = await registerPerson(one);
    expect(decodeProtectedHeader(person.accessToken)).toMatchObject({
      alg: 'HS256',
      typ: 'at+jwt',
    });
    expect(await jwksOf(one)).toEqual([]);
    await rotateSigningKey(one.app);
    one.clock.advance(publishAhead);
    await reload(one);
    const next = await signIn(one, person);
    expect(kidOf(next.accessToken)).not.toBe(kidOf(person.accessToken));
    expect(await reasonOf(one, person)).toBeUndefined();
    expect(await reasonOf(one, next)).toBeUndefined();
  });
});
