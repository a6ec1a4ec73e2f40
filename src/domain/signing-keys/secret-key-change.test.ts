import { randomBytes } from 'node:crypto';
import { decodeProtectedHeader } from 'jose';
import { afterEach, describe, expect, it } from 'vitest';
import { farFuture } from '../../clock.ts';
import { signingKeys } from '../../db/tables/signing-keys.ts';
import { createSecretKeys } from '../../secret-keys.ts';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { meQuery } from '../../testing/client.ts';
import { forge, partsOf } from '../../testing/forged-tokens.ts';
import { registerPerson, signIn } from '../../testing/people.ts';
import { rawSql } from '../../testing/raw-sql.ts';
import { putSigningKey } from '../../testing/rows.ts';
import { checkSigningKeys } from './check-signing-keys.ts';
import { ensureStandbyKey } from './ensure-standby-key.ts';
import { listSigningKeys } from './list-signing-keys.ts';
import { removeSigningKey } from './remove-signing-key.ts';
import { rotateSigningKey } from './rotate-signing-key.ts';
import { openSigningKey } from './signing-key.ts';

const [old, next] = [randomBytes(32), randomBytes(32)];

const running: TestServer[] = [];
afterEach(async () => {
  for (const server of running.splice(0).reverse()) await server.stop();
});

/** A server as `latchkey start` starts it, beside `first` if there is one. */
async function serve(secretKeys: readonly Uint8Array[], first?: TestServer): Promise<TestServer> {
  const server = await (first?.another({ secretKeys }) ??
    startTestServer({ config: { secretKeys } }));
  running.push(server);
  if (await ensureStandbyKey(server.app)) await server.app.keyRing.load();
  return server;
}

const list = ({ app }: TestServer) => listSigningKeys(app);
const states = async (server: TestServer) => (await list(server)).map(({ state }) => state).sort();
const standbyIn = async (server: TestServer) =>
  (await list(server)).find(({ state }) => state === 'standby')?.kid;
const reasonOf = async (server: TestServer, token: string) =>
  (await server.send(meQuery, {}, { token })).errors?.[0]?.extensions.reason;
const kidOf = (token: string) => decodeProtectedHeader(token).kid;

describe('X-26 a standby key that the current SECRET_KEY does not open', () => {
  it('never stops a start: it is reported and replaced, and verifies nothing', async () => {
    const first = await serve([old]);
    const stale = await standbyIn(first);
    // No running server knows a key that was sealed elsewhere, and a start refuses any other.
    await first.app.db.update(signingKeys).set({ sealedPrivateJwk: randomBytes(64) });
    await expect(first.another()).rejects.toThrow('cannot be opened');
    await removeSigningKey(first.app, { kid: first.app.keyRing.signing().kid });
    const second = await serve([old], first);
    expect(second.logLines.join()).toContain('signing_keys.unusable');
    expect(second.app.keyRing.find(stale ?? '')).toBeUndefined();
    expect(await standbyIn(second)).not.toBe(stale);
    expect(await states(second)).toEqual(['active', 'removed', 'removed', 'standby']);
    const person = await registerPerson(second);
    expect(await reasonOf(second, person.accessToken)).toBeUndefined();
  });

  it('does not sign after a removal, though SECRET_KEY_PREVIOUS opens it', async () => {
    const first = await serve([old]);
    const stale = await standbyIn(first);
    const changed = await first.another({ secretKeys: [next, old] });
    running.push(changed);
    expect(await checkSigningKeys(changed.app)).toMatchObject({ staleStandbys: [stale] });
    const { kid } = changed.app.keyRing.signing();
    const removed = await removeSigningKey(changed.app, { kid });
    expect(removed?.successor?.kid).not.toBe(stale);
    await changed.app.keyRing.load();
    expect(changed.app.keyRing.signing().kid).toBe(removed?.successor?.kid);
    expect(await ensureStandbyKey(changed.app)).toBe(true);
    expect(await states(changed)).toEqual(['active', 'removed', 'removed', 'standby']);
    expect(await checkSigningKeys(changed.app)).toMatchObject({ staleStandbys: [] });
    expect(await ensureStandbyKey(changed.app)).toBe(false);
  });

  it('leaves one, where several were made, and none of another algorithm', async () => {
    const first = await serve([old]);
    const kept = await standbyIn(first);
    const [row] = await first.app.db.select().from(signingKeys);
    if (!row) throw new Error('There is no key.');
    await putSigningKey(first, { ...row, kid: 'copy', activeFrom: farFuture });
    expect(await ensureStandbyKey(first.app)).toBe(true);
    expect(await standbyIn(first)).toBe(kept);
    const jwt = { ...first.app.config.jwt, algorithm: 'EdDSA' } as const;
    const changed = await first.another({ secretKeys: [old], jwt });
    running.push(changed);
    expect(await ensureStandbyKey(changed.app)).toBe(true);
    expect((await list(changed)).filter(({ state }) => state === 'standby')).toMatchObject([
      { algorithm: 'EdDSA' },
    ]);
  });
});

describe('X-26 docs/operations.md, "Changing SECRET_KEY", step by step', () => {
  it('signs no user out, and leaves no key that the previous one has sealed', async () => {
    const one = await serve([old]);
    const person = await registerPerson(one);
    // 0. Every process reads what the new key seals, and still seals with the present one.
    const reads = await serve([old, next], one);
    const before = (await list(one)).map(({ kid }) => kid);
    // 1. Every process seals with the new one.
    const writes = await serve([next, old], one);
    expect(await standbyIn(writes)).not.toBe(before[0]);
    await reads.app.keyRing.load();
    // A process of step 0 that is started again now may make a standby key of its own.
    await serve([old, next], one);
    const last = await serve([next, old], one);
    expect(await reasonOf(last, person.accessToken)).toBeUndefined();
    let { refreshToken } = await last.mutate('refreshSession', {
      refreshToken: person.refreshToken,
    });
    // 2. The signing key is rotated, and after an hour and a half each key from before is done.
    await rotateSigningKey(last.app);
    one.clock.advance(90 * 60);
    const left = (await list(last)).filter(({ state }) => !/expired|removed/.test(state));
    expect(left.filter(({ kid }) => before.includes(kid))).toEqual([]);
    ({ refreshToken } = await last.mutate('refreshSession', { refreshToken }));
    // 3. The previous key goes.
    const alone = await serve([next], one);
    expect(alone.logLines.join()).not.toContain('signing_keys.unusable');
    const tokens = await alone.mutate('refreshSession', { refreshToken });
    expect(await reasonOf(alone, tokens.accessToken)).toBeUndefined();
    const standby = await standbyIn(alone);
    await removeSigningKey(alone.app, { kid: alone.app.keyRing.signing().kid });
    await alone.app.keyRing.load();
    expect(alone.app.keyRing.signing().kid).toBe(standby);
  });
});

describe('X-26 docs/operations.md, "SECRET_KEY has leaked", step by step', () => {
  it('refuses what an attacker signs with any key of before, and goes on', async () => {
    const one = await serve([old]);
    const person = await registerPerson(one);
    await rotateSigningKey(one.app);
    await one.app.keyRing.load();
    // The attacker has the database and the key that seals it: active, next and standby.
    const stolen = await one.app.db.select().from(signingKeys);
    const forged = stolen.map((row) => {
      const { privateKey } = openSigningKey(createSecretKeys([old]), row);
      const { header, payload } = partsOf(person.accessToken);
      return forge({ header: { ...header, kid: row.kid }, payload }, privateKey);
    });
    expect(forged).toHaveLength(3);
    for (const token of forged) expect(await reasonOf(one, token)).toBeUndefined();
    // 1. SECRET_KEY is changed.
    const two = await serve([next, old], one);
    const standby = await standbyIn(two);
    // 2. Each key from before the change is removed, the active one last.
    const inUse = (await list(two)).filter(
      ({ kid, state }) => kid !== standby && !/expired|removed/.test(state),
    );
    expect(inUse.map(({ state }) => state)).toEqual(['next', 'active']);
    for (const { kid } of inUse) {
      await removeSigningKey(two.app, { kid });
      await ensureStandbyKey(two.app);
    }
    await two.app.keyRing.load();
    // The standby key of step 1 signs: a verifier that has fetched the set since knows it.
    expect(kidOf((await signIn(two, person)).accessToken)).toBe(standby);
    for (const token of forged) expect(await reasonOf(two, token)).toBe('TOKEN_INVALID');
    // 3. All users are signed out.
    const sql = rawSql(one);
    await sql`update sessions set revoked_at = now(), revoked_reason = 'secret_key_leaked'
      where revoked_at is null`;
    await sql.end();
    const { refreshToken } = person;
    // 5. SECRET_KEY_PREVIOUS goes, without waiting.
    const other = await registerPerson(one);
    const three = await serve([next], two);
    expect(await three.mutate('refreshSession', { refreshToken })).toMatchObject({
      code: 'INVALID_OR_EXPIRED_TOKEN',
    });
    for (const token of forged) expect(await reasonOf(three, token)).toBe('TOKEN_INVALID');
    const { email } = other;
    expect(await three.mutate('login', { email, password: other.password })).toMatchObject({
      code: 'INVALID_CREDENTIALS',
    });
    await three.mutate('requestPasswordReset', { email });
    const password = 'gravel sunday otter lantern';
    await three.mutate('resetPassword', {
      token: await three.nextToken(email),
      newPassword: password,
    });
    const { accessToken } = await signIn(three, { email, password });
    expect(await reasonOf(three, accessToken)).toBeUndefined();
  });
});
