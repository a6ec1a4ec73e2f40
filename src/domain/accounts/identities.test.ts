import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Administrator, makeAdministrator } from '../../testing/administrators.ts';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { enrolTotp } from '../../testing/authenticator.ts';
import { createTestClock } from '../../testing/clock.ts';
import { gatewayToken } from '../../testing/doors.ts';
import { registerWithoutPassword } from '../../testing/factors.ts';
import {
  getTicket,
  linkByProvider,
  newVerifier,
  returnTo,
  signInByProvider,
  withProviders,
} from '../../testing/identities.ts';
import {
  startIdentityProvider,
  type TestIdentityProvider,
} from '../../testing/identity-provider.ts';
import { addPasskey } from '../../testing/passkeys.ts';
import {
  changeEmail,
  freshAddress,
  goodPassword,
  type Person,
  personOf,
  registerPerson,
  signIn,
} from '../../testing/people.ts';
import { ageProof, auditOf } from '../../testing/rows.ts';

let provider: TestIdentityProvider;
let server: TestServer;
let admin: Administrator;
beforeAll(async () => {
  const clock = createTestClock();
  provider = await startIdentityProvider({ clock });
  const entries = [
    provider.entry({ trustEmail: true }),
    provider.entry({ id: 'disabled', enabled: false }),
  ];
  server = await startTestServer({ clock, config: { gatewayToken, ...withProviders(entries) } });
  admin = await makeAdministrator(server);
});
afterAll(async () => {
  await server.stop();
  await provider.stop();
});
beforeEach(() => {
  const email = freshAddress();
  provider.user = { sub: `sub of ${email}`, email, email_verified: true };
});

const as = ({ accessToken }: Pick<Person, 'accessToken'>) => ({ token: accessToken });
const linkStart = (person: Person) => {
  const { codeChallenge } = newVerifier();
  const input = { providerId: 'double', returnTo, codeChallenge };
  return server.mutate('startIdentityLink', input, as(person));
};
const ticketOf = (person: Person) =>
  getTicket(server, provider, { sender: as(person), mutation: 'startIdentityLink' });
const labels = async (person: Pick<Person, 'accessToken'>): Promise<string[]> => {
  const { data } = await server.send('{ account { identities { label } } }', {}, as(person));
  return data.account.identities.map(({ label }: { label: string }) => label);
};
const isLive = async (person: Person) =>
  (await server.send('{ me { id } }', {}, as(person))).status === 200;

describe('linking', () => {
  it('ID-9 ADV-65 needs a recent step-up, at its beginning and at its end', async () => {
    const person = await registerPerson(server);
    const ticket = await ticketOf(person);
    await ageProof(server, person.sessionId, 600);
    expect(await linkStart(person)).toMatchObject({ code: 'STEP_UP_REQUIRED' });
    expect(await server.mutate('completeIdentityLink', ticket, as(person))).toMatchObject({
      code: 'STEP_UP_REQUIRED',
    });
    expect(await labels(person)).toEqual([]);
  });

  it('ID-9 needs the second factor where one is set up', async () => {
    const person = await registerPerson(server);
    const ticket = await ticketOf(person);
    await enrolTotp(server, person);
    expect(await linkStart(person)).toMatchObject({ code: 'STEP_UP_REQUIRED' });
    expect(await server.mutate('completeIdentityLink', ticket, as(person))).toMatchObject({
      code: 'STEP_UP_REQUIRED',
    });
  });

  it('ID-9 tells the owner, stands in the trail, and ends every other session', async () => {
    const person = await registerPerson(server);
    const other = await signIn(server, person);
    const identity = await linkByProvider(server, provider, person);
    expect(identity).toMatchObject({
      __typename: 'AuthIdentity',
      provider: { id: 'double', name: 'The Double', kind: 'OIDC' },
      label: provider.user['email'],
      lastUsedAt: null,
    });
    expect([await isLive(person), await isLive(other)]).toEqual([true, false]);
    const mail = await server.nextMail(person.email);
    expect(mail.text).toContain('The Double');
    expect(await auditOf(server, person.id, 'identity.linked')).toMatchObject([
      { outcome: 'SUCCESS', detail: { provider: 'double', identityId: identity.id } },
    ]);
    // The address is another than the account's, and signs in all the same.
    expect(personOf(await signInByProvider(server, provider), person).id).toBe(person.id);
  });

  it('ID-9 ADV-66 the ticket is its own session’s, and of its own purpose', async () => {
    const person = await registerPerson(server);
    const mallory = await registerPerson(server);
    const refused = { code: 'INVALID_OR_EXPIRED_TOKEN' };
    const ticket = await ticketOf(person);
    for (const thief of [mallory, await signIn(server, person)])
      expect(await server.mutate('completeIdentityLink', ticket, as(thief))).toMatchObject(refused);
    expect(await server.mutate('completeIdentityLogin', ticket)).toMatchObject(refused);
    const login = await getTicket(server, provider);
    expect(await server.mutate('completeIdentityLink', login, as(person))).toMatchObject(refused);
    const own = await server.mutate('completeIdentityLink', ticket, as(person));
    expect(own.__typename).toBe('AuthIdentity');
    expect(await labels(mallory)).toEqual([]);
  });

  it('takes no account that another user has, however many ask at once', async () => {
    const people = await Promise.all([1, 2, 3, 4].map(() => registerPerson(server)));
    const tickets = await Promise.all(people.map(ticketOf));
    const answers = await Promise.all(
      people.map((person, n) =>
        server.mutate('completeIdentityLink', tickets[n] ?? {}, as(person)),
      ),
    );
    expect(answers.map(({ __typename, code }) => code ?? __typename).toSorted()).toEqual([
      'AuthIdentity',
      'CONFLICT',
      'CONFLICT',
      'CONFLICT',
    ]);
  });

  it('twice links once', async () => {
    const person = await registerPerson(server);
    const first = await linkByProvider(server, provider, person);
    const again = await linkByProvider(server, provider, person);
    expect(again.id).toBe(first.id);
    expect(await labels(person)).toHaveLength(1);
    expect(await auditOf(server, person.id, 'identity.linked')).toHaveLength(1);
  });

  it('shows the account as the provider calls it by now', async () => {
    const person = await registerPerson(server);
    await linkByProvider(server, provider, person);
    provider.user = { ...provider.user, email: freshAddress() };
    await signInByProvider(server, provider);
    expect(await labels(person)).toEqual([provider.user['email']]);
  });
});

describe('unlinking', () => {
  it('ID-9 needs a recent step-up, tells the owner, and ends every other session', async () => {
    const person = await registerPerson(server);
    const { id: identityId } = await linkByProvider(server, provider, person);
    const other = personOf(await signInByProvider(server, provider), person);
    await ageProof(server, other.sessionId, 600);
    expect(await server.mutate('unlinkIdentity', { identityId }, as(other))).toMatchObject({
      code: 'STEP_UP_REQUIRED',
    });
    await server.nextMail(person.email);
    const answer = await server.mutate('unlinkIdentity', { identityId }, as(person));
    expect(answer).toEqual({ __typename: 'AuthAccepted', accepted: true });
    expect([await isLive(person), await isLive(other)]).toEqual([true, false]);
    expect((await server.nextMail(person.email)).text).toContain('The Double');
    expect(await auditOf(server, person.id, 'identity.unlinked')).toMatchObject([
      { detail: { provider: 'double', identityId } },
    ]);
    expect(await server.mutate('unlinkIdentity', { identityId }, as(person))).toMatchObject({
      code: 'NOT_FOUND',
    });
    for (const nothing of ['', 'no id', person.id])
      expect(
        await server.mutate('unlinkIdentity', { identityId: nothing }, as(person)),
      ).toMatchObject({ code: 'NOT_FOUND' });
  });

  it('PK-8 never takes the last way into the account', async () => {
    const person = await registerWithoutPassword(server);
    const { id: identityId } = await linkByProvider(server, provider, person);
    const unlink = () => server.mutate('unlinkIdentity', { identityId }, as(person));
    expect(await unlink()).toMatchObject({ code: 'CONFLICT' });
    const { id: passkeyId } = await addPasskey(server, person);
    expect(await unlink()).toMatchObject({ accepted: true });
    expect(await server.mutate('removePasskey', { passkeyId }, as(person))).toMatchObject({
      code: 'CONFLICT',
    });
    await linkByProvider(server, provider, person);
    expect(await server.mutate('removePasskey', { passkeyId }, as(person))).toMatchObject({
      __typename: 'PasskeySignals',
    });
  });

  it('in a second step leaves that step without a session', async () => {
    const person = await registerPerson(server);
    const { id: identityId } = await linkByProvider(server, provider, person);
    const { phone } = await enrolTotp(server, await signIn(server, person));
    const { id } = await signInByProvider(server, provider);
    const input = { userId: person.id, identityId, reason: 'on the phone' };
    await server.mutate('unlinkUserIdentity', input, as(admin));
    const code = phone.nextCode();
    expect(await server.mutate('verifyOtp', { challengeId: id, code })).toMatchObject({
      code: 'INVALID_CREDENTIALS',
    });
  });
});

describe('administrators', () => {
  it('AZ-6 see linked accounts, which gateways and other users do not', async () => {
    const person = await registerPerson(server);
    await linkByProvider(server, provider, person);
    const stranger = await registerPerson(server);
    const query = 'query Q($ids: [ID!]!) { usersByIds(ids: $ids) { identities { label } } }';
    const seen = async (sender: object) => {
      const { data } = await server.send(query, { ids: [person.id, stranger.id] }, sender);
      return data.usersByIds.map((user: { identities: object[] | null }) => user.identities);
    };
    const linked = [{ label: provider.user['email'] }];
    const headers = { 'x-gateway-token': gatewayToken };
    expect(await seen(as(admin))).toEqual([linked, []]);
    expect(await seen({ headers })).toEqual([null, null]);
    expect(await seen({ ...as(stranger), headers })).toEqual([null, []]);
    const me = await server.send('{ me { identities { label } } }', {}, as(person));
    expect(me.data.me.identities).toEqual(linked);
  });

  it('ID-9 unlink for a reason, with a recent step-up, and the owner is told', async () => {
    const person = await registerWithoutPassword(server);
    const { id: identityId } = await linkByProvider(server, provider, person);
    await server.nextMail(person.email);
    const input = { userId: person.id, identityId, reason: 'A stolen laptop.' };
    const unlink = (sender: Pick<Person, 'accessToken'>, change = {}) =>
      server.mutate('unlinkUserIdentity', { ...input, ...change }, as(sender));
    expect((await unlink(person)).errors[0].extensions.code).toBe('FORBIDDEN');
    expect(await unlink(admin, { reason: ' ' })).toMatchObject({ code: 'VALIDATION_FAILED' });
    expect(await unlink(admin, { userId: admin.id })).toMatchObject({ code: 'NOT_FOUND' });
    expect(await unlink(admin, { identityId: person.id })).toMatchObject({ code: 'NOT_FOUND' });
    // Even the last way in: the mailbox opens the account still.
    expect(await unlink(admin)).toMatchObject({ accepted: true });
    expect(await isLive(person)).toBe(false);
    expect((await server.nextMail(person.email)).text).toContain('The Double');
    expect(await auditOf(server, person.id, 'identity.unlinked')).toMatchObject([
      { actorId: admin.id, detail: { provider: 'double', identityId, reason: input.reason } },
    ]);
  });
});

describe('what becomes of linked accounts', () => {
  it('resetUserFactors takes them, as it takes passkeys, and says so', async () => {
    const person = await registerPerson(server);
    await linkByProvider(server, provider, person);
    const input = { userId: person.id, reason: 'a stolen phone' };
    await server.mutate('resetUserFactors', input, as(admin));
    const [event] = await auditOf(server, person.id, 'user.factors_reset');
    expect(event?.detail).toMatchObject({ passkeys: 0, identities: 1 });
    const signedIn = await signIn(server, person);
    expect(await labels(signedIn)).toEqual([]);
  });

  it('ID-9 a changed and a reset password leave them, and the mails say how many', async () => {
    const person = await registerPerson(server);
    await linkByProvider(server, provider, person);
    await server.nextMail(person.email);
    const newPassword = 'harbour violin copper monday';
    const passwords = { currentPassword: goodPassword, newPassword };
    await server.mutate('changePassword', passwords, as(person));
    const count = /Linked accounts with other providers: 1\b/;
    expect((await server.nextMail(person.email)).text).toMatch(count);
    await server.mutate('requestPasswordReset', { email: person.email });
    const token = await server.nextToken(person.email);
    await server.mutate('resetPassword', { token, newPassword: goodPassword });
    expect((await server.nextMail(person.email)).text).toMatch(count);
    const signedIn = await signInByProvider(server, provider);
    expect(signedIn.user.id).toBe(person.id);
  });

  it('X-11 an undone change of address takes what was linked since, and no more', async () => {
    const person = await registerPerson(server);
    const owners = provider.user;
    await linkByProvider(server, provider, person);
    const token = await changeEmail(server, person, freshAddress());
    server.clock.advance(1);
    const thiefs = { sub: freshAddress(), email: freshAddress() };
    provider.user = thiefs;
    await linkByProvider(server, provider, person);
    await server.mutate('undoEmailChange', { token });
    const asked = await signInByProvider(server, provider);
    expect(asked).toMatchObject({ purpose: 'LINK_IDENTITY' });
    provider.user = owners;
    const signedIn = await signInByProvider(server, provider);
    expect(signedIn.user.id).toBe(person.id);
    expect(await labels(signedIn)).toEqual([owners['email']]);
  });

  it('DP-5 the export holds them, and the provider of each session', async () => {
    const person = await registerPerson(server);
    await linkByProvider(server, provider, person);
    await signInByProvider(server, provider);
    const { json } = await server.mutate('exportAccount', {}, as(person));
    const document = JSON.parse(json);
    expect(document.identities).toMatchObject([
      { provider: 'double', label: provider.user['email'], subject: provider.user['sub'] },
    ]);
    const providers = document.sessions.map(
      ({ identityProvider }: { identityProvider: string | null }) => identityProvider,
    );
    expect(new Set(providers)).toEqual(new Set([null, 'double']));
  });

  it('DP-4 the deletion of the account takes them, and flows that it had begun', async () => {
    const person = await registerPerson(server);
    await linkByProvider(server, provider, person);
    const ticket = await ticketOf(person);
    await server.mutate('deleteAccount', { confirmEmail: person.email }, as(person));
    const other = await registerPerson(server);
    expect((await server.mutate('completeIdentityLink', ticket, as(other))).code).toBe(
      'INVALID_OR_EXPIRED_TOKEN',
    );
    expect((await linkByProvider(server, provider, other)).__typename).toBe('AuthIdentity');
  });
});
