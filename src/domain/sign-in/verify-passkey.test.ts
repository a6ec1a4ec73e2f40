import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { enrolTotp } from '../../testing/authenticator.ts';
import { meQuery } from '../../testing/client.ts';
import { claimsOf, countSessions } from '../../testing/factors.ts';
import type { PasskeyAlgorithm } from '../../testing/passkey-key.ts';
import {
  addPasskey,
  newSigner,
  registerPasskey,
  signInWithPasskey,
} from '../../testing/passkeys.ts';
import { registerPerson, signIn } from '../../testing/people.ts';
import { auditOf, deleteUser, suspendUser, unverifyUser } from '../../testing/rows.ts';

let server: TestServer;
let second: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  second = await server.another();
});
afterAll(async () => {
  await second.stop();
  await server.stop();
});

const notAccepted = { __typename: 'AuthError', code: 'INVALID_CREDENTIALS' };

describe('a sign-in that begins with a passkey', () => {
  it('PK-3 opens a session whose tokens say how', async () => {
    const person = await registerPerson(server);
    const { signer } = await addPasskey(server, person);
    const tokens = await signInWithPasskey(server, signer);
    expect(tokens).toMatchObject({
      __typename: 'AuthTokens',
      user: { id: person.id },
      session: { methods: ['hwk', 'user', 'mfa'] },
    });
    expect(claimsOf(tokens.accessToken)['amr']).toEqual(['hwk', 'user', 'mfa']);
    const me = await server.send(meQuery, {}, { token: tokens.accessToken });
    expect(me.data.me.id).toBe(person.id);
  });

  it.each<PasskeyAlgorithm>(['ES256', 'EdDSA', 'RS256'])('takes keys of %s', async (algorithm) => {
    const person = await registerPerson(server);
    const { signer } = await addPasskey(server, person, { algorithm });
    expect((await signInWithPasskey(server, signer)).__typename).toBe('AuthTokens');
  });

  it('PK-6 takes synced passkeys, which count nothing, and calls them so', async () => {
    const person = await registerPerson(server);
    const { signer } = await addPasskey(server, person, { be: true, bs: true, counts: false });
    for (const _ of [1, 2]) {
      const tokens = await signInWithPasskey(server, signer);
      expect(tokens.session.methods).toEqual(['swk', 'user', 'mfa']);
    }
  });

  it('PK-7 is begun alike by everyone, with no list of credentials', async () => {
    const person = await registerPerson(server);
    await addPasskey(server, person);
    const asked = await Promise.all([
      server.mutate('requestPasskeyLogin', {}),
      server.mutate('requestPasskeyLogin', {}, { token: person.accessToken }),
    ]);
    const [one, two] = asked.map(({ options: { challenge: _, ...options } }) => options);
    expect(one).toEqual(two);
    expect(one).toEqual({ rpId: 'localhost', userVerification: 'required', timeout: 300_000 });
    const hinted = await server.mutate('requestPasskeyLogin', {
      hints: ['SECURITY_KEY', 'HYBRID', 'SECURITY_KEY'],
    });
    expect(hinted.options.hints).toEqual(['security-key', 'hybrid']);
  });

  it('PK-1 takes a challenge once, for five minutes, and for its own ceremony', async () => {
    const person = await registerPerson(server);
    const { signer } = await addPasskey(server, person);
    const begin = () => server.mutate('requestPasskeyLogin', {});
    const verify = (challengeId: string, credential: unknown) =>
      server.mutate('verifyPasskey', { challengeId, credential });

    const begun = await begin();
    expect(Buffer.from(begun.options.challenge, 'base64url')).toHaveLength(32);
    const credential = signer.assert(begun.options);
    expect(await verify(begun.id, credential)).toMatchObject({ __typename: 'AuthTokens' });
    expect(await verify(begun.id, credential)).toMatchObject(notAccepted);

    const failed = await begin();
    expect(await verify(failed.id, signer.assert(failed.options, { uv: false }))).toMatchObject(
      notAccepted,
    );
    expect(await verify(failed.id, signer.assert(failed.options))).toMatchObject(notAccepted);

    const late = await begin();
    server.clock.advance(300);
    expect(await verify(late.id, signer.assert(late.options))).toMatchObject(notAccepted);

    const { accessToken } = await signInWithPasskey(server, signer);
    const sender = { token: accessToken };
    const registration = await server.mutate('startPasskeyRegistration', {}, sender);
    const answer = signer.assert(registration.options);
    const asLogin = { challengeId: registration.id, credential: answer };
    expect(await server.mutate('verifyPasskey', asLogin, sender)).toMatchObject(notAccepted);
    const login = await begin();
    const options = { ...registration.options, challenge: login.options.challenge };
    expect(
      await server.mutate(
        'confirmPasskeyRegistration',
        { challengeId: login.id, credential: newSigner().register(options) },
        sender,
      ),
    ).toMatchObject(notAccepted);
  });

  it('PK-13 ADV-7 opens one session for 20 posts of one answer at two instances', async () => {
    const person = await registerPerson(server);
    const { signer } = await addPasskey(server, person, { be: true, bs: true, counts: false });
    const before = await countSessions(server, person.id);
    const begun = await server.mutate('requestPasskeyLogin', {});
    const input = { challengeId: begun.id, credential: signer.assert(begun.options) };
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        (n % 2 === 0 ? server : second).mutate('verifyPasskey', input),
      ),
    );
    const names = answers.map(({ __typename }) => __typename);
    expect(names.filter((name) => name === 'AuthTokens')).toHaveLength(1);
    expect(names.filter((name) => name === 'AuthError')).toHaveLength(19);
    expect(await countSessions(server, person.id)).toBe(before + 1);
  });

  it('PK-6 moves the counter forward for one of several answers at once', async () => {
    const person = await registerPerson(server);
    const { signer } = await addPasskey(server, person);
    const answers = await Promise.all(
      [server, second].map(async (instance) => {
        const begun = await instance.mutate('requestPasskeyLogin', {});
        const credential = signer.assert(begun.options, { counter: 40 });
        return instance.mutate('verifyPasskey', { challengeId: begun.id, credential });
      }),
    );
    expect(answers.map(({ __typename }) => __typename).sort()).toEqual(['AuthError', 'AuthTokens']);
  });

  it('PK-6 marks a passkey whose counter went back, and tells its owner once', async () => {
    const person = await registerPerson(server);
    const { signer } = await addPasskey(server, person);
    for (const _ of [1, 2, 3]) await signInWithPasskey(server, signer);
    await server.allMail(person.email);
    for (const _ of [1, 2])
      expect(await signInWithPasskey(server, signer, { counter: 1 })).toMatchObject(notAccepted);
    const [suspected, again] = await auditOf(server, person.id, 'passkey.clone_suspected');
    expect(suspected).toMatchObject({ outcome: 'FAILURE', detail: { reason: 'counter' } });
    expect(again).toBeDefined();
    const about = (await server.allMail(person.email)).filter(({ subject }) =>
      /passkey/i.test(subject),
    );
    // Of the one that was added, and of the copy.
    expect(about).toHaveLength(2);
    const exported = await exportOf(await signIn(server, person));
    expect(exported.passkeys[0].suspectAt).not.toBeNull();
  });

  it('PK-6 does not mark a passkey for an answer whose signature is wrong', async () => {
    const person = await registerPerson(server);
    const { signer } = await addPasskey(server, person);
    await signInWithPasskey(server, signer);
    const overrides = { counter: 0, key: newSigner().key };
    expect(await signInWithPasskey(server, signer, overrides)).toMatchObject(notAccepted);
    expect(await auditOf(server, person.id, 'passkey.clone_suspected')).toEqual([]);
  });

  it('PK-17 follows the backup of a synced passkey, and writes it to the trail', async () => {
    const person = await registerPerson(server);
    const { signer } = await addPasskey(server, person, { be: true, bs: false });
    const tokens = await signInWithPasskey(server, signer, { bs: true });
    expect(tokens.__typename).toBe('AuthTokens');
    const [event] = await auditOf(server, person.id, 'passkey.backup_changed');
    expect(event?.detail).toMatchObject({ backedUp: true });
    const { account } = (
      await server.send('{ account { passkeys { synced } } }', {}, { token: tokens.accessToken })
    ).data;
    expect(account.passkeys).toEqual([{ synced: true }]);
    expect(await signInWithPasskey(server, signer, { be: false })).toMatchObject(notAccepted);
    const [suspected] = await auditOf(server, person.id, 'passkey.clone_suspected');
    expect(suspected?.detail).toMatchObject({ reason: 'backup_eligibility' });
  });

  it('PK-15 names only a passkey that no one has as unknown', async () => {
    const person = await registerPerson(server);
    const { signer } = await addPasskey(server, person);
    expect(await signInWithPasskey(server, newSigner(), { userHandle: 'AAAA' })).toMatchObject({
      __typename: 'AuthError',
      code: 'UNKNOWN_PASSKEY',
    });
    await deleteUser(server, person.id);
    expect(await signInWithPasskey(server, signer)).toMatchObject({ code: 'UNKNOWN_PASSKEY' });
    // Without a challenge nobody learns anything.
    const credential = newSigner().assert({ challenge: 'AAAA' }, { userHandle: 'AAAA' });
    expect(
      await server.mutate('verifyPasskey', { challengeId: 'made-up', credential }),
    ).toMatchObject(notAccepted);
  });

  it('PK-14 refuses a user who may not sign in as it refuses a bad answer', async () => {
    const suspended = await registerPerson(server);
    const unverified = await registerPerson(server);
    const [one, two] = [await addPasskey(server, suspended), await addPasskey(server, unverified)];
    const bad = await signInWithPasskey(server, one.signer, { uv: false });
    await suspendUser(server, suspended.id);
    await unverifyUser(server, unverified.id);
    for (const { signer } of [one, two])
      expect(await signInWithPasskey(server, signer)).toEqual(bad);
    expect(await countSessions(server, suspended.id)).toBe(1);
  });

  it('PK-11 refuses a passkey of another RP ID, whatever it signs', async () => {
    const person = await registerPerson(server);
    const { signer } = await addPasskey(server, person);
    const passkeys = { ...server.app.config.passkeys, rpId: 'app.localhost' };
    const moved = await server.another({ passkeys });
    try {
      expect(await signInWithPasskey(moved, signer)).toMatchObject(notAccepted);
      const overrides = { rpId: 'app.localhost' };
      expect(await signInWithPasskey(moved, signer, overrides)).toMatchObject(notAccepted);
    } finally {
      await moved.stop();
    }
  });

  it('RL-3 lets a right answer in after others have used up the failures', async () => {
    const strict = await server.another({ rateLimitMultiplier: 1 });
    try {
      const person = await registerPerson(server);
      const { signer } = await addPasskey(server, person);
      const codes: string[] = [];
      for (let n = 0; n < 21; n += 1)
        codes.push((await signInWithPasskey(strict, signer, { uv: false })).code);
      expect(new Set(codes.slice(0, 20))).toEqual(new Set(['INVALID_CREDENTIALS']));
      expect(codes.at(-1)).toBe('RATE_LIMITED');
      expect((await signInWithPasskey(strict, signer)).__typename).toBe('AuthTokens');
    } finally {
      await strict.stop();
    }
  });

  it('PK-20 AV-1 is answered before the passwords that wait for their hash', async () => {
    const config = { trustedProxies: ['127.0.0.1'] };
    const busy = await startTestServer({ bcryptCost: 12, config });
    try {
      const { signer } = await addPasskey(busy, await registerPerson(busy));
      let answered = 0;
      const logins = Array.from({ length: 24 }, async (_, n) => {
        const headers = { 'x-forwarded-for': `198.51.${n}.1` };
        const input = { email: `nobody-${n}@example.com`, password: 'not the right words' };
        await busy.mutate('login', input, { headers });
        answered += 1;
      });
      await expect.poll(() => answered, { timeout: 30_000, interval: 5 }).toBeGreaterThan(0);
      expect((await signInWithPasskey(busy, signer)).__typename).toBe('AuthTokens');
      expect(answered).toBeLessThan(logins.length);
      await Promise.all(logins);
    } finally {
      await busy.stop();
    }
  });

  it('takes none where passkeys are off, and offers none', async () => {
    const person = await registerPerson(server);
    const { signer } = await addPasskey(server, person);
    const begun = await server.mutate('requestPasskeyLogin', {});
    const passkeys = { ...server.app.config.passkeys, enabled: false };
    const off = await server.another({ passkeys });
    try {
      expect(await off.mutate('requestPasskeyLogin', {})).toMatchObject({ code: 'CONFLICT' });
      const input = { challengeId: begun.id, credential: signer.assert(begun.options) };
      expect(await off.mutate('verifyPasskey', input)).toMatchObject({ code: 'CONFLICT' });
      const sender = { token: person.accessToken };
      expect(await off.mutate('startPasskeyRegistration', {}, sender)).toMatchObject({
        code: 'CONFLICT',
      });
      const stepUp = await off.mutate('reauthenticate', {}, sender);
      expect(stepUp.passkey).toBeNull();
      const options = await off.send('{ authOptions { passkeys } }');
      expect(options.data.authOptions.passkeys).toBe(false);
    } finally {
      await off.stop();
    }
  });
});

// biome-ignore lint/suspicious/noExplicitAny: a document of the API.
async function exportOf({ accessToken }: { accessToken: string }): Promise<any> {
  const { json } = await server.mutate('exportAccount', {}, { token: accessToken });
  return JSON.parse(json);
}

describe('a passkey in a second step', () => {
  async function withApp(flags: { uv?: boolean } = {}) {
    const person = await registerPerson(server);
    const added = await addPasskey(server, person, flags);
    const { phone } = await enrolTotp(server, person);
    const begin = async () =>
      server.mutate('login', { email: person.email, password: person.password });
    const answer = async (signer = added.signer, overrides = {}, at = server) => {
      const challenge = await begin();
      const credential = signer.assert(challenge.passkey.options, overrides);
      return at.mutate('verifyPasskey', { challengeId: challenge.passkey.id, credential });
    };
    return { person, phone, begin, answer, ...added };
  }

  it('stands in the challenge beside the app, for the user’s own passkeys', async () => {
    const { begin, signer, phone } = await withApp();
    const challenge = await begin();
    expect(challenge).toMatchObject({ purpose: 'LOGIN', methods: ['TOTP', 'RECOVERY_CODE'] });
    expect(challenge.passkey.options).toMatchObject({
      rpId: 'localhost',
      userVerification: 'preferred',
      allowCredentials: [
        {
          type: 'public-key',
          id: signer.credentialId.toString('base64url'),
          transports: ['internal'],
        },
      ],
    });
    const code = phone.nextCode();
    const tokens = await server.mutate('verifyOtp', { challengeId: challenge.id, code });
    expect(tokens.__typename).toBe('AuthTokens');
  });

  it('PK-3 completes the sign-in, verified or not', async () => {
    const { answer } = await withApp();
    expect(await answer()).toMatchObject({ session: { methods: ['pwd', 'hwk', 'user', 'mfa'] } });
    expect(await answer(undefined, { uv: false })).toMatchObject({
      session: { methods: ['pwd', 'hwk', 'user', 'mfa'] },
    });
  });

  it('PK-3 takes a key that cannot verify its user, which signs no one in by itself', async () => {
    const { signer, answer } = await withApp({ uv: false });
    expect(await signInWithPasskey(server, signer)).toMatchObject(notAccepted);
    // A thief can set a PIN on a key that has none.
    expect(await signInWithPasskey(server, signer, { uv: true })).toMatchObject(notAccepted);
    expect((await answer()).__typename).toBe('AuthTokens');
    expect((await answer(signer, { uv: true })).__typename).toBe('AuthTokens');
    // With the password beside it, the owner has set one.
    expect((await signInWithPasskey(server, signer, { uv: true })).__typename).toBe('AuthTokens');
  });

  it('PK-4 is refused where it is another user’s', async () => {
    const { answer } = await withApp();
    const mallory = await addPasskey(server, await registerPerson(server));
    expect(await answer(mallory.signer)).toMatchObject(notAccepted);
  });

  it('PK-3 OT-9 stays a second step where only the mailbox stood beside it', async () => {
    const { person, signer } = await withApp({ uv: false });
    const mailed = await server.mutate('requestLoginCode', { email: person.email });
    const code = await server.nextCode(person.email);
    const next = await server.mutate('verifyOtp', { challengeId: mailed.id, code });
    const credential = signer.assert(next.passkey.options, { uv: true });
    const input = { challengeId: next.passkey.id, credential };
    expect(await server.mutate('verifyPasskey', input)).toMatchObject({
      session: { methods: ['otp', 'hwk', 'user'] },
    });
    // A thief who reads the mailbox can have set the PIN, too.
    expect(await signInWithPasskey(server, signer, { uv: true })).toMatchObject(notAccepted);
  });

  it('PK-4 OT-17 spends no tries of a user whose passkey another names', async () => {
    const { answer, signer } = await withApp();
    const mallory = await withApp();
    const strict = await server.another({ rateLimitMultiplier: 1 });
    try {
      for (let n = 0; n < 10; n += 1) {
        const { passkey } = await mallory.begin();
        const credential = mallory.signer.assert(passkey.options, {
          credentialId: signer.credentialId,
        });
        const input = { challengeId: passkey.id, credential };
        expect(await strict.mutate('verifyPasskey', input)).toMatchObject(notAccepted);
      }
      const { passkey } = await mallory.begin();
      const input = { challengeId: passkey.id, credential: mallory.signer.assert(passkey.options) };
      expect(await strict.mutate('verifyPasskey', input)).toMatchObject({ code: 'RATE_LIMITED' });
      expect((await answer(signer, {}, strict)).__typename).toBe('AuthTokens');
    } finally {
      await strict.stop();
    }
  });

  it('PK-1 ends with its challenge', async () => {
    const { begin, signer, phone } = await withApp();
    const challenge = await begin();
    const code = phone.nextCode();
    await server.mutate('verifyOtp', { challengeId: challenge.id, code });
    const credential = signer.assert(challenge.passkey.options);
    const input = { challengeId: challenge.passkey.id, credential };
    expect(await server.mutate('verifyPasskey', input)).toMatchObject(notAccepted);
  });

  it('OT-17 shares the failures of the codes', async () => {
    const { signer, begin, phone } = await withApp();
    // The address has its own budget, which the tests before have used.
    server.clock.advance(1000);
    const strict = await server.another({ rateLimitMultiplier: 1 });
    try {
      for (let n = 0; n < 10; n += 1) {
        const { id } = await begin();
        await strict.mutate('verifyOtp', { challengeId: id, code: phone.wrongCode() });
      }
      const { passkey } = await begin();
      const input = { challengeId: passkey.id, credential: signer.assert(passkey.options) };
      expect(await strict.mutate('verifyPasskey', input)).toMatchObject({ code: 'RATE_LIMITED' });
      expect((await signInWithPasskey(strict, signer)).__typename).toBe('AuthTokens');
    } finally {
      await strict.stop();
    }
  });

  it('OT-17 uses up no tries by right answers', async () => {
    const { answer } = await withApp();
    const strict = await server.another({ rateLimitMultiplier: 1 });
    try {
      for (let n = 0; n < 11; n += 1)
        expect((await answer(undefined, {}, strict)).__typename).toBe('AuthTokens');
    } finally {
      await strict.stop();
    }
  });

  it('PK-7 is not offered before anything was proved, nor to one who has none', async () => {
    const { person } = await withApp();
    const mailed = await server.mutate('requestLoginCode', { email: person.email });
    expect(mailed.passkey).toBeNull();
    const code = await server.nextCode(person.email);
    const next = await server.mutate('verifyOtp', { challengeId: mailed.id, code });
    expect(next.passkey.options.allowCredentials).toHaveLength(1);
    const without = await registerPerson(server);
    await enrolTotp(server, without);
    const { email, password } = without;
    expect((await server.mutate('login', { email, password })).passkey).toBeNull();
  });

  it('asks for no second step where there is no app', async () => {
    const person = await registerPerson(server);
    await addPasskey(server, person);
    const { email, password } = person;
    const tokens = await server.mutate('login', { email, password });
    expect(tokens.session.methods).toEqual(['pwd']);
  });
});

describe('a passkey in a step-up', () => {
  it('PK-3 proves the caller without a password, in a session under a new id', async () => {
    const person = await registerPerson(server);
    const { signer } = await addPasskey(server, person);
    server.clock.advance(700);
    const sender = { token: person.accessToken };
    expect(await server.mutate('startPasskeyRegistration', {}, sender)).toMatchObject({
      code: 'STEP_UP_REQUIRED',
    });
    const challenge = await server.mutate('reauthenticate', {}, sender);
    expect(challenge).toMatchObject({ purpose: 'STEP_UP', methods: ['EMAIL'] });
    expect(challenge.passkey.options.userVerification).toBe('required');
    const credential = signer.assert(challenge.passkey.options);
    const input = { challengeId: challenge.passkey.id, credential };
    // Of this session alone.
    const elsewhere = await signIn(server, person);
    for (const token of [undefined, elsewhere.accessToken])
      expect(await server.mutate('verifyPasskey', input, { token })).toMatchObject(notAccepted);
    const tokens = await server.mutate('verifyPasskey', input, sender);
    expect(tokens).toMatchObject({ session: { methods: ['hwk', 'user', 'mfa'] } });
    expect(tokens.session.id).not.toBe(person.sessionId);
    const old = await server.send(meQuery, {}, sender);
    expect(old.errors[0]?.extensions.reason).toBe('SESSION_REVOKED');
    const registration = await server.mutate(
      'startPasskeyRegistration',
      {},
      { token: tokens.accessToken },
    );
    expect(registration.__typename).toBe('PasskeyChallenge');
  });

  it('PK-3 needs a verified user where nothing else was proved', async () => {
    const person = await registerPerson(server);
    const { signer } = await addPasskey(server, person);
    const sender = { token: person.accessToken };
    const { passkey } = await server.mutate('reauthenticate', {}, sender);
    const credential = signer.assert(passkey.options, { uv: false });
    const input = { challengeId: passkey.id, credential };
    expect(await server.mutate('verifyPasskey', input, sender)).toMatchObject(notAccepted);
    const other = await registerPerson(server);
    const key = newSigner({ uv: false });
    await registerPasskey(server, other, key);
    const none = await server.mutate('reauthenticate', {}, { token: other.accessToken });
    expect(none.passkey).toBeNull();
  });

  it('is refused where its session has ended', async () => {
    const person = await registerPerson(server);
    const { signer } = await addPasskey(server, person);
    const sender = { token: person.accessToken };
    const { passkey } = await server.mutate('reauthenticate', {}, sender);
    await server.mutate('logout', {}, sender);
    const input = { challengeId: passkey.id, credential: signer.assert(passkey.options) };
    expect(await server.mutate('verifyPasskey', input, sender)).toMatchObject(notAccepted);
    expect(await countSessions(server, person.id)).toBe(1);
  });
});
