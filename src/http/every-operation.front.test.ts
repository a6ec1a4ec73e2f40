import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { authSchema } from '../graphql/schema.ts';
import { makeAdministrator } from '../testing/administrators.ts';
import { startTestServer, type TestServer } from '../testing/app.ts';
import { enrolTotp } from '../testing/authenticator.ts';
import type { MutationName, Sender } from '../testing/client.ts';
import { createTestClock } from '../testing/clock.ts';
import { gatewayToken, postForm } from '../testing/doors.ts';
import { getTicket, withProviders } from '../testing/identities.ts';
import { startIdentityProvider, type TestIdentityProvider } from '../testing/identity-provider.ts';
import { newSigner } from '../testing/passkeys.ts';
import { freshAddress, goodPassword, type Person, registerPerson } from '../testing/people.ts';

let provider: TestIdentityProvider;
let server: TestServer;
beforeAll(async () => {
  const clock = createTestClock();
  provider = await startIdentityProvider({ clock });
  const entry = provider.entry({ trustEmail: true, nativeClientIds: ['latchkey'] });
  server = await startTestServer({ clock, config: { gatewayToken, ...withProviders([entry]) } });
});
afterAll(async () => {
  await server.stop();
  await provider.stop();
});

const otherPassword = 'walnut ferry copper tuesday';
const as = ({ accessToken }: Pick<Person, 'accessToken'>): Sender => ({ token: accessToken });
/** The root fields that have been answered without an error. */
const answered = new Set<string>();

async function call(name: MutationName, input: Record<string, unknown>, sender: Sender = {}) {
  const answer = await server.mutate(name, input, sender);
  expect([name, answer.code, answer.errors]).toEqual([name, undefined, undefined]);
  answered.add(`Mutation.${name}`);
  return answer;
}

async function ask(selection: string, sender: Sender = {}) {
  const { data, errors } = await server.send(`{ ${selection} }`, {}, sender);
  expect([selection, errors]).toEqual([selection, []]);
  for (const name of Object.keys(data)) answered.add(`Query.${name}`);
  return data;
}

const page = 'edges { cursor node { id } } pageInfo { hasNextPage } totalCount';
const events = 'edges { cursor node { id } } pageInfo { hasNextPage }';

describe('every operation, on PostgreSQL and on PGlite', () => {
  it('registers, signs in by code, link and password, and signs out', async () => {
    const email = freshAddress();
    const { id } = await call('register', { email, password: goodPassword });
    await server.nextCode(email);
    server.clock.advance(31);
    await call('resendOtp', { challengeId: id });
    await call('verifyOtp', { challengeId: id, code: await server.nextCode(email) });
    await call('requestLoginCode', { email });
    await call('verifyLink', { token: await server.nextLink(email) });
    const tokens = await call('login', { email, password: goodPassword });
    const refreshed = await call('refreshSession', { refreshToken: tokens.refreshToken });
    const own = as(await call('reauthenticate', { password: goodPassword }, as(refreshed)));
    const other = await call('login', { email, password: goodPassword });
    await call('revokeSession', { sessionId: other.session.id }, own);
    await ask(`me { id } account { sessions { ${page} } securityEvents { ${events} } }`, own);
    await ask('authOptions { registrationOpen }');
    await call('login', { email, password: goodPassword });
    await call('logout', { everywhere: true }, own);
  });

  it('sets up a second factor, renews its codes and takes it away', async () => {
    const person = await registerPerson(server);
    const { phone } = await enrolTotp(server, person);
    for (const name of ['startTotpEnrollment', 'confirmTotpEnrollment'])
      answered.add(`Mutation.${name}`);
    await call('regenerateRecoveryCodes', { code: phone.nextCode() }, as(person));
    await call('disableTotp', { code: phone.nextCode() }, as(person));
  });

  it('registers passkeys, signs in with them, renames and removes them', async () => {
    const own = as(await registerPerson(server));
    const signer = newSigner();
    const begun = await call('startPasskeyRegistration', {}, own);
    const { id: passkeyId } = await call(
      'confirmPasskeyRegistration',
      { challengeId: begun.id, credential: signer.register(begun.options) },
      own,
    );
    await call('renamePasskey', { passkeyId, name: 'Key' }, own);
    const login = await call('requestPasskeyLogin', { hints: ['HYBRID'] });
    const credential = signer.assert(login.options);
    const tokens = await call('verifyPasskey', { challengeId: login.id, credential });
    const { passkeys, passkeySignals } = (
      await ask('account { passkeys { id name lastUsedAt } passkeySignals { rpId } }', as(tokens))
    ).account;
    expect([passkeys[0].name, passkeySignals.rpId]).toEqual(['Key', 'localhost']);
    await call('removePasskey', { passkeyId }, as(tokens));
  });

  it('signs in by another provider, links and unlinks', async () => {
    const email = freshAddress();
    provider.user = { sub: email, email, email_verified: true };
    answered.add('Mutation.startIdentityLogin');
    const login = await getTicket(server, provider);
    await call('completeIdentityLogin', login);
    const { id: nonceId, nonce } = await call('requestIdTokenNonce', { providerId: 'double' });
    const idToken = await provider.idToken({ ...provider.user, nonce });
    const own = as(await call('loginWithIdToken', { nonceId, idToken }));
    provider.user = { sub: freshAddress() };
    answered.add('Mutation.startIdentityLink');
    const mutation = 'startIdentityLink';
    const link = await getTicket(server, provider, { mutation, sender: own });
    const { id: identityId } = await call('completeIdentityLink', link, own);
    const linked = (await ask('account { identities { id } } me { identities { id } }', own)).me;
    expect(linked.identities).toHaveLength(2);
    await call('unlinkIdentity', { identityId }, own);
    const admin = as(await makeAdministrator(server));
    const [first] = linked.identities;
    const { id: userId } = (await ask('me { id }', own)).me;
    const reason = 'On the phone.';
    await call('unlinkUserIdentity', { userId, identityId: first.id, reason }, admin);
  });

  it('changes an account, exports and deletes it', async () => {
    const person = await registerPerson(server);
    const own = as(person);
    const preferences = { theme: 'dark' };
    await call('updateProfile', { name: 'Ada', locale: 'fr', preferences }, own);
    expect((await ask('account { preferences }', own)).account).toEqual({ preferences });
    const passwords = { currentPassword: goodPassword, newPassword: otherPassword };
    await call('changePassword', passwords, own);
    const newEmail = freshAddress();
    const change = await call('requestEmailChange', { newEmail }, own);
    const code = await server.nextCode(newEmail);
    await call('confirmEmailChange', { challengeId: change.id, code }, own);
    await call('undoEmailChange', { token: await server.nextToken(person.email) });
    await call('requestPasswordReset', { email: person.email });
    const token = await server.nextToken(person.email);
    await call('resetPassword', { token, newPassword: goodPassword });
    const again = as(await call('login', { email: person.email, password: goodPassword }));
    await call('exportAccount', {}, again);
    await call('deleteAccount', { confirmEmail: person.email }, again);
  });

  it('administers accounts, and answers gateways', async () => {
    const admin = as(await makeAdministrator(server));
    const reason = 'On the phone.';
    const user = await call('createUser', { email: freshAddress(), name: 'Bob' }, admin);
    const userId = user.id;
    await call('suspendUser', { userId, reason }, admin);
    await call('reinstateUser', { userId, reason }, admin);
    await call('setUserMetadata', { userId, publicMetadata: { plan: 'x' }, reason }, admin);
    await call('setUserRoles', { userId, roles: ['editor'], reason }, admin);
    await call('resetUserFactors', { userId, reason }, admin);
    await call('resetUserPassword', { userId, reason }, admin);
    await call('revokeUserSessions', { userId, reason }, admin);
    const member = await registerPerson(server);
    const { sessionId } = member;
    const seen = `user(id: "${member.id}") { hasPassword recoveryCodesLeft sessions { ${page} } }`;
    expect((await ask(seen, admin)).user.sessions.totalCount).toBe(1);
    await call('revokeUserSession', { userId: member.id, sessionId, reason }, admin);
    await ask('overview { findings { check status } signIns failedSignIns since }', admin);
    await ask('administrators { id } signingKeys { id current standby }', admin);
    const { edges } = (await ask(`users(first: 2) { ${page} }`, admin)).users;
    await ask(`users(first: 2, after: "${edges[0].cursor}", search: "b") { ${page} }`, admin);
    await ask(`user(id: "${userId}") { id email } auditEvents { ${events} }`, admin);
    const gateway = { headers: { 'x-gateway-token': gatewayToken } };
    const found = `_entities(representations: [{ __typename: "User", id: "${userId}" }])`;
    await ask(`usersByIds(ids: ["${userId}"]) { id } ${found} { __typename }`, gateway);
    await ask('_service { sdl } _sdl', gateway);
    await call('deleteUser', { userId, reason }, admin);
  });

  it('answers services what a token is worth, and ends its session for them', async () => {
    const person = await registerPerson(server);
    const { accessToken: token, refreshToken } = person;
    const verify = async () =>
      (await fetch(`${server.url}/verify`, { headers: { authorization: `Bearer ${token}` } }))
        .status;
    const isActive = async (each: string) =>
      (await postForm(server, '/oauth/introspect', { token: each })).body['active'];
    expect([await verify(), await isActive(token), await isActive(refreshToken)]).toEqual([
      200,
      true,
      true,
    ]);
    expect((await postForm(server, '/oauth/revoke', { token: refreshToken })).status).toBe(200);
    expect([await verify(), await isActive(token), await isActive(refreshToken)]).toEqual([
      401,
      false,
      false,
    ]);
  });

  it('leaves none out', () => {
    const schema = authSchema();
    const fields = [schema.getQueryType(), schema.getMutationType()].flatMap((type) =>
      Object.keys(type?.getFields() ?? {}).map((name) => `${type?.name}.${name}`),
    );
    expect([...answered].sort()).toEqual(fields.sort());
  });
});
