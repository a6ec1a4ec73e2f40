import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deleteRecoveryCodes } from '../../db/queries/recovery-codes.ts';
import { advanceTotpStep } from '../../db/queries/totp-authenticators.ts';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { type Authenticator, authenticator, enrolTotp } from '../../testing/authenticator.ts';
import { meQuery, mutationText, type Sender } from '../../testing/client.ts';
import { createTestClock } from '../../testing/clock.ts';
import {
  claimsOf,
  countSessions,
  registerWithoutPassword,
  totpRow,
} from '../../testing/factors.ts';
import { addIdentity, signInByProvider, withProviders } from '../../testing/identities.ts';
import {
  startIdentityProvider,
  type TestIdentityProvider,
} from '../../testing/identity-provider.ts';
import type { PasskeyFlags, PasskeySigner } from '../../testing/passkey-signer.ts';
import { addPasskey, newSigner, signInWithPasskey } from '../../testing/passkeys.ts';
import {
  freshAddress,
  goodPassword,
  type Person,
  registerPerson,
  signIn,
} from '../../testing/people.ts';
import { appointAdmin } from '../admin/appoint-admin.ts';
import { offerTotp } from '../admin/give-totp.ts';

let provider: TestIdentityProvider;
let server: TestServer;
beforeAll(async () => {
  const clock = createTestClock();
  provider = await startIdentityProvider({ clock });
  server = await startTestServer({ clock, config: withProviders([provider.entry()]) });
});
afterAll(async () => {
  await server.stop();
  await provider.stop();
});

type Subject = {
  readonly person: Person;
  readonly phone: Authenticator | null;
  readonly recoveryCodes: string[];
  readonly passkey: PasskeySigner | null;
};

/** Every set of factors that an account can have. */
const states = {
  'no second factor': async () => subject(await registerPerson(server)),
  'an enrolment that was begun and not confirmed': async () => {
    const person = await registerPerson(server);
    await server.mutate('startTotpEnrollment', {}, { token: person.accessToken });
    return subject(person);
  },
  'no second factor any more': async () => {
    const person = await registerPerson(server);
    const { phone } = await enrolTotp(server, person);
    const sender = { token: person.accessToken };
    const gone = await server.mutate('disableTotp', { code: phone.nextCode() }, sender);
    expect(gone).toMatchObject({ accepted: true });
    await server.nextMail(person.email);
    return subject(person);
  },
  'an app and recovery codes': async () => enrolled(await registerPerson(server)),
  'an app and no code left': async () => {
    const made = await enrolled(await registerPerson(server));
    await deleteRecoveryCodes(server.app.db, { userId: made.person.id });
    return { ...made, recoveryCodes: [] };
  },
  'an app whose secret no longer opens': async () => {
    const made = await enrolled(await registerPerson(server));
    const row = await totpRow(server, made.person.id);
    const sealedSecret = Buffer.from(row.sealedSecret).reverse();
    await advanceTotpStep(server.app.db, {
      id: row.id,
      step: (row.lastStep ?? 0) + 1,
      sealedSecret,
    });
    return made;
  },
  'no password and no second factor': async () => subject(await registerWithoutPassword(server)),
  'no password, an app and recovery codes': async () =>
    enrolled(await registerWithoutPassword(server)),
  'a passkey': async () => withPasskey(await registerPerson(server)),
  'a key that cannot verify its user': async () =>
    withPasskey(await registerPerson(server), { uv: false }),
  'no password and a passkey': async () => withPasskey(await registerWithoutPassword(server)),
  'an app, recovery codes and a passkey': async () => {
    const { person, passkey } = await withPasskey(await registerPerson(server));
    return { ...(await enrolled(person)), passkey };
  },
  'an app, recovery codes and a key that cannot verify': async () => {
    const { person, passkey } = await withPasskey(await registerPerson(server), { uv: false });
    return { ...(await enrolled(person)), passkey };
  },
} as const satisfies Record<string, () => Promise<Subject>>;

function subject(person: Person): Subject {
  return { person, phone: null, recoveryCodes: [], passkey: null };
}

async function withPasskey(person: Person, flags: PasskeyFlags = {}): Promise<Subject> {
  const { signer } = await addPasskey(server, person, flags);
  return { ...subject(person), passkey: signer };
}

async function enrolled(person: Person): Promise<Subject> {
  const { phone, recoveryCodes } = await enrolTotp(server, person);
  return { ...subject(person), phone, recoveryCodes };
}

// biome-ignore lint/suspicious/noExplicitAny: answers of the API, see testing/client.ts.
type Reply = any;

/**
 * Every way in which a caller can obtain tokens, up to the first answer, and whose session it
 * starts from.
 */
const methods = {
  'the password': ({ person }: Subject) =>
    server.mutate('login', { email: person.email, password: person.password }),
  'a mailed code': ({ person }: Subject) =>
    server.mutate('requestLoginCode', { email: person.email }),
  'another registration': ({ person }: Subject) =>
    server.mutate('register', { email: person.email, password: 'walnut ferry copper tuesday' }),
  'a password reset': async ({ person: { email } }: Subject) => {
    const newPassword = 'walnut ferry copper tuesday';
    expect(await server.mutate('requestPasswordReset', { email })).toMatchObject({
      accepted: true,
    });
    const token = /#token=([\w-]+)/.exec((await server.nextMail(email)).text)?.[1] ?? '';
    const reset = await server.send(mutationText('resetPassword'), {
      input: { token, newPassword },
    });
    // RC-5: it only sets the password: no token in the answer, no cookie.
    expect(reset.data.resetPassword).toEqual({ __typename: 'AuthAccepted', accepted: true });
    expect(reset.headers.get('set-cookie')).toBeNull();
    await server.nextMail(email);
    return server.mutate('login', { email, password: newPassword });
  },
  'a step-up by password': ({ person }: Subject) =>
    server.mutate('reauthenticate', { password: person.password }, { token: person.accessToken }),
  'a step-up by mailed code': ({ person }: Subject) =>
    server.mutate('reauthenticate', {}, { token: person.accessToken }),
  'a passkey': ({ passkey }: Subject) => {
    const signer = passkey ?? newSigner();
    return signInWithPasskey(server, signer, { userHandle: signer.userHandle() ?? 'AAAA' });
  },
  'an account at a provider': async ({ person: { id, email } }: Subject) => {
    provider.user = { sub: id, email };
    return signInByProvider(server, provider);
  },
  'a linked account at a provider': async ({ person: { id } }: Subject) => {
    const key = { providerId: 'double', issuer: provider.issuer, subject: id };
    await addIdentity(server, { userId: id, ...key });
    provider.user = { sub: id };
    return signInByProvider(server, provider);
  },
  'the password, then a passkey': async ({ person, passkey }: Subject) => {
    const { email, password } = person;
    return meet(await server.mutate('login', { email, password }), passkey, {});
  },
  'a step-up by passkey': async ({ person, passkey }: Subject) => {
    const sender = { token: person.accessToken };
    return meet(await server.mutate('reauthenticate', {}, sender), passkey, sender);
  },
} as const satisfies Record<string, (of: Subject) => Promise<Reply>>;

/** Meets a challenge by the passkey that it offers, in place of a code. */
async function meet(answer: Reply, signer: PasskeySigner | null, sender: Sender): Promise<Reply> {
  if (answer.__typename !== 'OtpChallenge') return answer;
  if (!answer.passkey) return { __typename: 'AuthError', code: 'no passkey' };
  const { id, options } = answer.passkey;
  const credential = (signer ?? newSigner()).assert(options);
  return server.mutate('verifyPasskey', { challengeId: id, credential }, sender);
}

/**
 * The table of what each way answers, step by step: a challenge by its methods, tokens by their
 * `amr`, an error by its code. Each cell is a complete flow with the first method that each
 * challenge offers.
 */
const both = 'TOTP|RECOVERY_CODE';
const open = {
  'the password': ['tokens pwd'],
  'a mailed code': ['EMAIL', 'tokens otp'],
  'an account at a provider': ['EMAIL', 'tokens otp'],
  'a linked account at a provider': ['tokens '],
  'another registration': ['EMAIL', 'no code'],
  'a password reset': ['tokens pwd'],
  'a step-up by password': ['tokens pwd'],
  'a step-up by mailed code': ['EMAIL', 'tokens otp'],
  'a passkey': ['UNKNOWN_PASSKEY'],
  'the password, then a passkey': ['tokens pwd'],
  'a step-up by passkey': ['no passkey'],
};
const guarded = (offered: string) => ({
  'the password': [offered, 'tokens pwd otp mfa'],
  'a mailed code': ['EMAIL', offered, 'tokens otp'],
  'an account at a provider': ['EMAIL', offered, 'tokens otp'],
  'a linked account at a provider': [offered, 'tokens otp'],
  'another registration': ['EMAIL', 'no code'],
  'a password reset': [offered, 'tokens pwd otp mfa'],
  'a step-up by password': [offered, 'tokens pwd otp mfa'],
  'a step-up by mailed code': ['EMAIL', offered, 'tokens otp'],
  'a passkey': ['UNKNOWN_PASSKEY'],
  'the password, then a passkey': ['no passkey'],
  'a step-up by passkey': ['no passkey'],
});
const closed = {
  'the password': [both, 'INVALID_OR_EXPIRED_CODE'],
  'a mailed code': ['EMAIL', both, 'INVALID_OR_EXPIRED_CODE'],
  'an account at a provider': ['EMAIL', both, 'INVALID_OR_EXPIRED_CODE'],
  'a linked account at a provider': [both, 'INVALID_OR_EXPIRED_CODE'],
  'another registration': ['EMAIL', 'no code'],
  'a password reset': [both, 'INVALID_OR_EXPIRED_CODE'],
  'a step-up by password': [both, 'INVALID_OR_EXPIRED_CODE'],
  'a step-up by mailed code': ['EMAIL', both, 'INVALID_OR_EXPIRED_CODE'],
  'a passkey': ['UNKNOWN_PASSKEY'],
  'the password, then a passkey': ['no passkey'],
  'a step-up by passkey': ['no passkey'],
};
/** A passkey that has verified its user asks for nothing else, whatever is enrolled. */
const byPasskey = {
  'a passkey': ['tokens hwk user mfa'],
  'a step-up by passkey': ['tokens hwk user mfa'],
};
/** One that has not is a second step, and no first. */
const byKey = { 'a passkey': ['INVALID_CREDENTIALS'] };
const secondByEither = { 'the password, then a passkey': ['tokens pwd hwk user mfa'] };
const noPassword = {
  'the password': ['VALIDATION_FAILED'],
  'a step-up by password': ['VALIDATION_FAILED'],
  'the password, then a passkey': ['VALIDATION_FAILED'],
};
const table: Record<keyof typeof states, Record<keyof typeof methods, string[]>> = {
  'no second factor': open,
  'an enrolment that was begun and not confirmed': open,
  'no second factor any more': open,
  'an app and recovery codes': guarded(both),
  'an app and no code left': guarded('TOTP'),
  'an app whose secret no longer opens': closed,
  'no password and no second factor': { ...open, ...noPassword },
  'no password, an app and recovery codes': { ...guarded(both), ...noPassword },
  'a passkey': { ...open, ...byPasskey },
  'a key that cannot verify its user': { ...open, ...byKey },
  'no password and a passkey': { ...open, ...noPassword, ...byPasskey },
  'an app, recovery codes and a passkey': { ...guarded(both), ...byPasskey, ...secondByEither },
  'an app, recovery codes and a key that cannot verify': {
    ...guarded(both),
    ...byKey,
    ...secondByEither,
  },
};

const stateNames = Object.keys(table) as (keyof typeof states)[];
const methodNames = Object.keys(methods) as (keyof typeof methods)[];

describe('every sign-in method against every set of enrolled factors', () => {
  describe.each(stateNames)('with %s', (state) => {
    it.each(methodNames)(
      'ADV-5 ADV-24 ADV-50 ADV-68 ID-14 OT-6 OT-17 PK-3 RC-5 by %s',
      { timeout: 300_000 },
      async (method) => {
        const who = await states[state]();
        const steppingUp = method.startsWith('a step-up');
        const sender: Sender = steppingUp ? { token: who.person.accessToken } : {};
        const before = await countSessions(server, who.person.id);
        const walked: string[] = [];
        let answer: Reply = await methods[method](who);
        while (answer.__typename === 'OtpChallenge' && walked.length < 4) {
          walked.push(answer.methods.join('|'));
          await tryShortCuts(who, answer, sender);
          expect(await countSessions(server, who.person.id)).toBe(before);
          const code = await rightCode(who, answer, method);
          if (code === null) {
            walked.push('no code');
            break;
          }
          answer = await server.mutate('verifyOtp', { challengeId: answer.id, code }, sender);
        }
        if (answer.__typename === 'AuthTokens') {
          walked.push(`tokens ${answer.session.methods.join(' ')}`);
          expect(claimsOf(answer.accessToken)['amr']).toEqual(answer.session.methods);
          expect(answer.user.id).toBe(who.person.id);
        } else if (answer.__typename === 'AuthError') {
          walked.push(answer.code);
        }
        expect(walked).toEqual(table[state][method]);
        const opened = walked.at(-1)?.startsWith('tokens') ? 1 : 0;
        expect(await countSessions(server, who.person.id)).toBe(before + opened);
      },
    );
  });

  async function rightCode(
    { person, phone }: Subject,
    challenge: Reply,
    method: string,
  ): Promise<string | null> {
    if (challenge.methods[0] === 'TOTP') return phone?.nextCode() ?? null;
    const mail = await server.nextMail(person.email);
    const code = /^(\d{6})$/m.exec(mail.text)?.[1] ?? null;
    if (method === 'another registration') expect(code).toBeNull();
    return code;
  }

  /**
   * Only the right code opens anything: not other methods, other operations, or the challenge's own
   * id as a token.
   */
  async function tryShortCuts(
    { phone, recoveryCodes }: Subject,
    challenge: Reply,
    sender: Sender,
  ): Promise<void> {
    const { id } = challenge;
    const wrong = phone?.wrongCode() ?? '000000';
    const guesses: Record<string, unknown>[] = [
      { code: wrong },
      { code: '0000-0000-0000-0000' },
      // A factor that this step does not ask for proves nothing here, even with a right code.
      ...(challenge.methods[0] === 'EMAIL' && phone
        ? [{ code: phone.code(), method: 'TOTP' }]
        : []),
      ...(challenge.methods[0] === 'EMAIL' && recoveryCodes[0] ? [{ code: recoveryCodes[0] }] : []),
      ...(challenge.methods[0] === 'TOTP' ? [{ code: wrong, method: 'EMAIL' }] : []),
    ];
    for (const guess of guesses.slice(0, 4)) {
      const answer = await server.mutate('verifyOtp', { challengeId: id, ...guess }, sender);
      expect(answer).toMatchObject({ __typename: 'AuthError', code: 'INVALID_OR_EXPIRED_CODE' });
    }
    const asBearer = await server.send(meQuery, {}, { token: id });
    expect(asBearer.errors[0]?.extensions).toMatchObject({
      code: 'UNAUTHENTICATED',
      reason: 'TOKEN_INVALID',
    });
    const asRefresh = await server.mutate('refreshSession', { refreshToken: id });
    expect(asRefresh).toMatchObject({ __typename: 'AuthError', code: 'INVALID_OR_EXPIRED_TOKEN' });
  }
});

describe('an account made by the operator, with an app', () => {
  async function appointed(): Promise<{ email: string; phone: Authenticator }> {
    const email = freshAddress();
    const app = { ...server.app, request: null, viewer: null };
    const { user } = await appointAdmin(app, {
      email: { address: email, canonical: email },
      name: null,
    });
    const offer = offerTotp(app, user);
    const phone = authenticator(server, offer.secret);
    expect(await offer.confirm(phone.code())).toHaveLength(10);
    return { email, phone };
  }

  it('ADV-24 OT-17 RC-7 needs more than the mailbox: a code sign-in asks for the app', async () => {
    const { email, phone } = await appointed();
    const mailed = await server.mutate('requestLoginCode', { email });
    const code = await server.nextCode(email);
    const second = await server.mutate('verifyOtp', { challengeId: mailed.id, code });
    expect(second).toMatchObject({
      __typename: 'OtpChallenge',
      methods: ['TOTP', 'RECOVERY_CODE'],
    });
    const wrong = await server.mutate('verifyOtp', {
      challengeId: second.id,
      code: phone.wrongCode(),
    });
    expect(wrong).toMatchObject({ __typename: 'AuthError', code: 'INVALID_OR_EXPIRED_CODE' });
    const tokens = await server.mutate('verifyOtp', {
      challengeId: second.id,
      code: phone.nextCode(),
    });
    expect(tokens).toMatchObject({
      __typename: 'AuthTokens',
      user: { totpEnabled: true, roles: ['admin'] },
    });
  });

  it('ADV-24 OT-17 RC-5 needs more than a reset: the next sign-in asks for the app', async () => {
    const { email, phone } = await appointed();
    await server.mutate('requestPasswordReset', { email });
    const token = await server.nextToken(email);
    expect(
      await server.mutate('resetPassword', { token, newPassword: goodPassword }),
    ).toMatchObject({
      accepted: true,
    });
    const second = await server.mutate('login', { email, password: goodPassword });
    expect(second).toMatchObject({
      __typename: 'OtpChallenge',
      methods: ['TOTP', 'RECOVERY_CODE'],
    });
    const tokens = await server.mutate('verifyOtp', {
      challengeId: second.id,
      code: phone.nextCode(),
    });
    expect(tokens).toMatchObject({
      __typename: 'AuthTokens',
      session: { methods: ['pwd', 'otp', 'mfa'] },
    });
  });
});

describe('a step-up challenge', () => {
  it('can be completed only by the session that asked for it', async () => {
    const person = await registerPerson(server);
    const { phone } = await enrolTotp(server, person);
    const sender = { token: person.accessToken };
    const challenge = await server.mutate('reauthenticate', { password: person.password }, sender);
    expect(challenge).toMatchObject({
      purpose: 'STEP_UP',
      methods: ['TOTP', 'RECOVERY_CODE'],
      sentTo: null,
    });

    const second = await server.mutate('login', { email: person.email, password: person.password });
    const other = await server.mutate('verifyOtp', {
      challengeId: second.id,
      code: phone.nextCode(),
    });
    const stranger = await registerPerson(server);
    const code = phone.nextCode();
    for (const token of [undefined, 'nonsense', other.accessToken, stranger.accessToken]) {
      const answer = await server.mutate(
        'verifyOtp',
        { challengeId: challenge.id, code },
        { token },
      );
      expect(answer).toMatchObject({ __typename: 'AuthError', code: 'INVALID_OR_EXPIRED_CODE' });
    }
    const tokens = await server.mutate('verifyOtp', { challengeId: challenge.id, code }, sender);
    expect(tokens).toMatchObject({
      __typename: 'AuthTokens',
      session: { methods: ['pwd', 'otp', 'mfa'] },
    });
  });

  it('SE-9 ends the session that asked, and begins one under another id atomically', async () => {
    const person = await registerPerson(server);
    server.clock.advance(700);
    const sender = { token: person.accessToken };
    const tokens = await server.mutate('reauthenticate', { password: person.password }, sender);
    expect(tokens.session.id).not.toBe(person.sessionId);
    expect(tokens.session.authenticatedAt).toBe(server.clock.now().toISOString());
    expect(claimsOf(tokens.accessToken)['auth_time']).toBe(
      Math.floor(server.clock.now().getTime() / 1000),
    );
    const old = await server.send(meQuery, {}, sender);
    expect(old.errors[0]?.extensions).toMatchObject({
      code: 'UNAUTHENTICATED',
      reason: 'SESSION_REVOKED',
    });
    const oldRefresh = await server.mutate('refreshSession', { refreshToken: person.refreshToken });
    expect(oldRefresh).toMatchObject({ __typename: 'AuthError', code: 'INVALID_OR_EXPIRED_TOKEN' });
    expect((await server.send(meQuery, {}, { token: tokens.accessToken })).data.me.id).toBe(
      person.id,
    );
  });

  it('is refused with a wrong password, and ends with its session', async () => {
    const person = await registerPerson(server);
    const { phone } = await enrolTotp(server, person);
    const sender = { token: person.accessToken };
    const refused = await server.mutate('reauthenticate', { password: 'not the password' }, sender);
    expect(refused).toMatchObject({ __typename: 'AuthError', code: 'INVALID_CREDENTIALS' });
    const challenge = await server.mutate('reauthenticate', { password: person.password }, sender);
    await server.mutate('logout', {}, sender);
    const late = await server.mutate(
      'verifyOtp',
      { challengeId: challenge.id, code: phone.nextCode() },
      sender,
    );
    expect(late).toMatchObject({ __typename: 'AuthError', code: 'INVALID_OR_EXPIRED_CODE' });
    const anonymous = await server.mutate('reauthenticate', { password: person.password });
    expect(anonymous.errors[0].extensions.code).toBe('UNAUTHENTICATED');
  });

  it('leaves every other device signed in', async () => {
    const person = await registerPerson(server);
    const elsewhere = await signIn(server, person);
    await server.mutate(
      'reauthenticate',
      { password: person.password },
      { token: person.accessToken },
    );
    expect((await server.send(meQuery, {}, { token: elsewhere.accessToken })).data.me.id).toBe(
      person.id,
    );
  });
});
