import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { enrolTotp } from '../../testing/authenticator.ts';
import { meQuery } from '../../testing/client.ts';
import { createTestClock } from '../../testing/clock.ts';
import { claimsOf, registerWithoutPassword } from '../../testing/factors.ts';
import { linkByProvider, signInByProvider, withProviders } from '../../testing/identities.ts';
import {
  startIdentityProvider,
  type TestIdentityProvider,
} from '../../testing/identity-provider.ts';
import { newSigner, registerPasskey } from '../../testing/passkeys.ts';
import {
  changeEmail,
  freshAddress,
  goodPassword,
  type Person,
  personOf,
  registerPerson,
  signIn,
} from '../../testing/people.ts';
import { rawSql } from '../../testing/raw-sql.ts';
import { auditOf, suspendUser, unverifyUser } from '../../testing/rows.ts';

let provider: TestIdentityProvider;
let server: TestServer;
let inviting: TestServer;
const settings = ['untrusted', 'confirming', 'linking', 'mfa'] as const;
beforeAll(async () => {
  const clock = createTestClock();
  provider = await startIdentityProvider({ clock });
  const entries = [
    provider.entry({ id: 'untrusted', linking: 'verified' }),
    provider.entry({ id: 'confirming', trustEmail: true }),
    provider.entry({ id: 'linking', trustEmail: true, linking: 'verified' }),
    provider.entry({ id: 'mfa', trustEmail: true, linking: 'verified', trustsMfa: true }),
  ];
  server = await startTestServer({ clock, config: withProviders(entries) });
  inviting = await server.another({ registration: 'invite' });
});
afterAll(async () => {
  await inviting.stop();
  await server.stop();
  await provider.stop();
});
beforeEach(() => {
  provider.lies = {};
});

type Setting = (typeof settings)[number];
const by = (providerId: Setting, email: string, at = server) => {
  provider.user = { sub: `sub of ${email}`, email, email_verified: true, name: 'Ada' };
  return signInByProvider(at, provider, { providerId });
};
const typeCode = async (challenge: { id: string }, email: string) =>
  server.mutate('verifyOtp', { challengeId: challenge.id, code: await server.nextCode(email) });
const identitiesOf = async (person: Pick<Person, 'accessToken'>): Promise<unknown[]> => {
  const query = '{ account { identities { provider { id } label } } }';
  return (await server.send(query, {}, { token: person.accessToken })).data.account.identities;
};

/** An address in each state that decideLink tells apart. */
const locals = {
  unknown: async () => freshAddress(),
  unverified: async () => {
    const email = freshAddress();
    await server.mutate('register', { email, password: goodPassword });
    await server.nextMail(email);
    return email;
  },
  verified: async () => (await registerPerson(server)).email,
  suspended: async () => {
    const { email, id } = await registerPerson(server);
    await suspendUser(server, id);
    return email;
  },
} as const;
type Local = keyof typeof locals;

const tokens = 'AuthTokens';
const challenge = 'OtpChallenge';
/** For open registration and by invitation. */
const table: readonly (readonly [Local, Setting, open: string, invite: string])[] = [
  ['unknown', 'untrusted', challenge, challenge],
  ['unverified', 'untrusted', challenge, challenge],
  ['verified', 'untrusted', challenge, challenge],
  ['suspended', 'untrusted', challenge, challenge],
  ['unknown', 'confirming', tokens, 'FORBIDDEN'],
  ['unverified', 'confirming', challenge, challenge],
  ['verified', 'confirming', challenge, challenge],
  ['suspended', 'confirming', challenge, challenge],
  ['unknown', 'linking', tokens, 'FORBIDDEN'],
  ['unverified', 'linking', challenge, challenge],
  ['verified', 'linking', tokens, tokens],
  ['suspended', 'linking', challenge, challenge],
];

it.each(table)(
  'ID-8 ID-19 an %s address by a provider %s',
  async (local, setting, open, invite) => {
    for (const [at, expected] of [
      [server, open],
      [inviting, invite],
    ] as const) {
      const answer = await by(setting, await locals[local](), at);
      expect(answer.__typename ?? answer.errors[0].extensions.code).toBe(expected);
      if (expected === challenge) expect(answer.purpose).toBe('LINK_IDENTITY');
    }
  },
);

it('ID-19 known and unknown addresses get the same answer, byte by byte', async () => {
  for (const at of [server, inviting]) {
    const texts = new Set<string>();
    for (const make of Object.values(locals)) {
      const { id, sentTo, ...answer } = await by('untrusted', await make(), at);
      expect(id).toMatch(/^[\w-]{32}$/);
      expect(sentTo).toMatch(/^p\*\*\*@example\.com$/);
      texts.add(JSON.stringify(answer));
    }
    expect(texts.size).toBe(1);
  }
});

it('ID-19 a code goes to accounts and to new ones, and to no one who is suspended', async () => {
  for (const [local, mails] of [
    ['unknown', 1],
    ['verified', 1],
    ['suspended', 0],
  ] as const) {
    const email = await locals[local]();
    const before = (await server.allMail(email)).length;
    await by('untrusted', email);
    expect((await server.allMail(email)).length - before).toBe(mails);
  }
  const email = freshAddress();
  await by('untrusted', email, inviting);
  expect(await server.allMail(email)).toEqual([]);
});

describe('an account that is not linked yet', () => {
  it('ID-8 ADV-8 is linked by a code to its mailbox, whose owner is told', async () => {
    const person = await registerPerson(server);
    const asked = await by('confirming', person.email.toUpperCase());
    expect(await identitiesOf(person)).toEqual([]);
    const signedIn = await typeCode(asked, person.email);
    expect(signedIn).toMatchObject({
      user: { id: person.id, email: person.email },
      session: { identityProvider: 'confirming', methods: ['otp'] },
    });
    expect(await identitiesOf(person)).toMatchObject([{ provider: { id: 'confirming' } }]);
    const mail = await server.nextMail(person.email);
    expect(mail.text).toContain('The Double');
    expect(await auditOf(server, person.id, 'identity.linked')).toMatchObject([
      { outcome: 'SUCCESS', actorId: person.id, detail: { provider: 'confirming' } },
    ]);
    // From then on without a code.
    expect(await by('confirming', person.email.toUpperCase())).toMatchObject({
      __typename: 'AuthTokens',
    });
  });

  it('ID-8 stays so after a wrong code, and after none', async () => {
    const person = await registerPerson(server);
    const { id } = await by('confirming', person.email);
    const code = await server.nextCode(person.email);
    const wrong = code === '000000' ? '000001' : '000000';
    expect(await server.mutate('verifyOtp', { challengeId: id, code: wrong })).toMatchObject({
      code: 'INVALID_OR_EXPIRED_CODE',
    });
    expect(await identitiesOf(person)).toEqual([]);
    expect(await auditOf(server, person.id, 'identity.linked')).toEqual([]);
  });

  it('is linked by the code that resendOtp sends, and its mail has no link', async () => {
    const person = await registerPerson(server);
    const { id } = await by('confirming', person.email);
    const mail = await server.nextMail(person.email);
    expect(mail.text).not.toContain('#token=');
    server.clock.advance(31);
    await server.mutate('resendOtp', { challengeId: id });
    expect(await typeCode({ id }, person.email)).toMatchObject({ user: { id: person.id } });
  });

  it('ID-14 ADV-68 is linked only with our second factor, whatever the provider says', async () => {
    for (const setting of ['confirming', 'linking', 'mfa'] as const) {
      const person = await registerPerson(server);
      const { phone } = await enrolTotp(server, person);
      provider.lies = { claims: (claims) => ({ ...claims, amr: ['mfa'] }) };
      const first = await by(setting, person.email);
      const second = setting === 'confirming' ? await typeCode(first, person.email) : first;
      expect(second).toMatchObject({ purpose: 'LOGIN', methods: ['TOTP', 'RECOVERY_CODE'] });
      expect(await auditOf(server, person.id, 'identity.linked')).toEqual([]);
      const done = await server.mutate('verifyOtp', {
        challengeId: second.id,
        code: phone.nextCode(),
      });
      expect(done.user.id).toBe(person.id);
      expect(await auditOf(server, person.id, 'identity.linked')).toHaveLength(1);
      expect(done.session.identityProvider).toBe(setting);
    }
  });

  it('ADV-26 a code links the very account that began, not one that came after it', async () => {
    const person = await registerPerson(server);
    const { email } = person;
    provider.user = { sub: 'the account of the owner', email };
    const owners = await signInByProvider(server, provider, { providerId: 'confirming' });
    const code = await server.nextCode(email);
    provider.user = { sub: 'the account of an attacker', email };
    const attackers = await signInByProvider(server, provider, { providerId: 'confirming' });
    expect(await server.mutate('verifyOtp', { challengeId: attackers.id, code })).toMatchObject({
      code: 'INVALID_OR_EXPIRED_CODE',
    });
    await server.mutate('verifyOtp', { challengeId: owners.id, code });
    const sql = rawSql(server);
    const rows = await sql`select subject from identities where user_id = ${person.id}`;
    await sql.end();
    expect(rows).toMatchObject([{ subject: 'the account of the owner' }]);
  });

  it('is not linked where the address was given up meanwhile', async () => {
    const person = await registerPerson(server);
    const { id } = await by('confirming', person.email);
    const code = await server.nextCode(person.email);
    await changeEmail(server, person, freshAddress());
    expect(await server.mutate('verifyOtp', { challengeId: id, code })).toMatchObject({
      code: 'INVALID_OR_EXPIRED_CODE',
    });
    expect(await identitiesOf(person)).toEqual([]);
  });
});

describe('an address that no one had proved', () => {
  it('ADV-9 belongs to who proves the mailbox: nothing of a squatter is left', async () => {
    const squatter = await registerPerson(server);
    const { email } = squatter;
    await registerPasskey(server, squatter, newSigner());
    provider.user = { sub: `squatter of ${email}` };
    await linkByProvider(server, provider, squatter, { providerId: 'confirming' });
    await enrolTotp(server, squatter);
    await unverifyUser(server, squatter.id);
    const asked = await by('linking', email);
    expect(asked.purpose).toBe('LINK_IDENTITY');
    const owner = await typeCode(asked, email);
    expect(owner.user).toMatchObject({ id: squatter.id, emailVerified: true, totpEnabled: false });
    expect(await identitiesOf(owner)).toMatchObject([{ provider: { id: 'linking' } }]);
    const password = { email, password: squatter.password };
    expect(await server.mutate('login', password)).toMatchObject({ code: 'INVALID_CREDENTIALS' });
    provider.user = { sub: `squatter of ${email}` };
    expect(await signInByProvider(server, provider, { providerId: 'confirming' })).toMatchObject({
      code: 'PROVIDER_REFUSED',
    });
  });

  it('is registered by a code, with the provider’s name and without a password', async () => {
    const email = freshAddress();
    const owner = await typeCode(await by('untrusted', email), email);
    expect(owner.user).toMatchObject({ email, emailVerified: true, name: 'Ada' });
    expect(await auditOf(server, owner.user.id, 'account.registered')).toMatchObject([
      { detail: { provider: 'untrusted' } },
    ]);
    expect(await identitiesOf(owner)).toHaveLength(1);
  });

  it('keeps the name that it has', async () => {
    const email = freshAddress();
    const tokens = await typeCode(await by('untrusted', email), email);
    await server.mutate('updateProfile', { name: 'Countess' }, { token: tokens.accessToken });
    await unverifyUser(server, tokens.user.id);
    const again = await typeCode(await by('confirming', email), email);
    expect(again.user.name).toBe('Countess');
  });

  it('asks the mailbox where an imported identity is linked to it already', async () => {
    const email = freshAddress();
    const before = await typeCode(await by('untrusted', email), email);
    await unverifyUser(server, before.user.id);
    const asked = await by('untrusted', email);
    expect(asked).toMatchObject({ purpose: 'LINK_IDENTITY' });
    const after = await typeCode(asked, email);
    expect(after.user.id).toBe(before.user.id);
    expect(await identitiesOf(after)).toHaveLength(1);
  });
});

describe('an identity that is linked', () => {
  const linked = async (setting: Setting) => {
    const person = await registerPerson(server);
    await by('linking', person.email);
    if (setting !== 'linking') await by(setting, person.email);
    return person;
  };

  it('ID-14 ADV-68 is followed by the second factor, as a password is', async () => {
    const person = await linked('linking');
    const { phone } = await enrolTotp(server, await signIn(server, person));
    const asked = await by('linking', person.email);
    expect(asked).toMatchObject({ purpose: 'LOGIN', methods: ['TOTP', 'RECOVERY_CODE'] });
    const input = { challengeId: asked.id, code: phone.nextCode() };
    const signedIn = await server.mutate('verifyOtp', input);
    expect(signedIn.session).toMatchObject({ methods: ['otp'], identityProvider: 'linking' });
    expect(claimsOf(signedIn.accessToken)['amr']).not.toContain('mfa');
  });

  it('ID-14 stands for the second factor where its provider is trusted with that', async () => {
    const person = await linked('mfa');
    await enrolTotp(server, await signIn(server, person));
    expect(await by('mfa', person.email)).toMatchObject({ __typename: 'OtpChallenge' });
    provider.lies = { claims: (claims) => ({ ...claims, amr: ['pwd', 'mfa'] }) };
    expect(await by('linking', person.email)).toMatchObject({ __typename: 'OtpChallenge' });
    const signedIn = await by('mfa', person.email);
    expect(signedIn.session.methods).toEqual(['mfa']);
  });

  it('opens no account that is suspended, and tells only that it was not accepted', async () => {
    const person = await linked('linking');
    await suspendUser(server, person.id);
    const answer = await by('linking', person.email);
    expect(answer).toMatchObject({
      code: 'INVALID_CREDENTIALS',
      message: 'The sign-in was not accepted.',
    });
    expect(await auditOf(server, person.id, 'identity.login_failed')).toMatchObject([
      { outcome: 'FAILURE', actorId: null, detail: { provider: 'linking', reason: 'account' } },
    ]);
  });

  it('is no one’s once its account is deleted', async () => {
    const person = await linked('linking');
    const input = { confirmEmail: person.email };
    await server.mutate('deleteAccount', input, { token: person.accessToken });
    const anew = await by('linking', person.email);
    expect(anew.__typename).toBe('AuthTokens');
    expect(anew.user.id).not.toBe(person.id);
  });

  it('needs no address', async () => {
    const person = await linked('linking');
    provider.user = { sub: `sub of ${person.email}` };
    const signedIn = await signInByProvider(server, provider, { providerId: 'linking' });
    expect(signedIn.user.id).toBe(person.id);
  });

  it('counts as a fresh proof, as a sign-in does', async () => {
    const person = await registerWithoutPassword(server);
    const { accessToken } = personOf(await by('linking', person.email), person);
    const { data } = await server.send(meQuery, {}, { token: accessToken });
    expect(data.me.id).toBe(person.id);
    const set = { currentPassword: null, newPassword: goodPassword };
    expect(await server.mutate('changePassword', set, { token: accessToken })).toMatchObject({
      accepted: true,
    });
  });
});

it.each([undefined, 'no address', 'a@b', 'two@example.com, three@example.com'])(
  'an account needs one address that mail can go to: %s',
  async (email) => {
    provider.user = { sub: freshAddress(), email, email_verified: true };
    const answer = await signInByProvider(server, provider, { providerId: 'linking' });
    expect(answer).toMatchObject({ code: 'PROVIDER_REFUSED' });
    expect(answer.message).toContain('address');
  },
);

it('RL-3 codes for an address have the budget of login codes', async () => {
  const limited = await server.another({
    rateLimits: { 'login-code:account': { limit: 0.002, window: 3600 } },
  });
  const { email } = await registerPerson(server);
  expect((await by('confirming', email, limited)).__typename).toBe('OtpChallenge');
  await limited.mutate('requestLoginCode', { email });
  expect(await by('confirming', email, limited)).toMatchObject({ code: 'RATE_LIMITED' });
  await limited.stop();
});
