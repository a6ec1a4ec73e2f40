import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../testing/app.ts';
import { enrolTotp, signInWithApp } from '../testing/authenticator.ts';
import { meQuery } from '../testing/client.ts';
import { createTestClock } from '../testing/clock.ts';
import { doors, gatewayToken, openDoors, postForm } from '../testing/doors.ts';
import { getTicket, linkByProvider, withProviders } from '../testing/identities.ts';
import { startIdentityProvider, type TestIdentityProvider } from '../testing/identity-provider.ts';
import { addPasskey, newSigner } from '../testing/passkeys.ts';
import {
  changeEmail,
  freshAddress,
  type Person,
  registerPerson,
  signIn,
} from '../testing/people.ts';
import { deleteUser, proveSecondFactor, setRoles, suspendUser } from '../testing/rows.ts';

type Ending = {
  /** What it proves, and what happens. */
  readonly title: string;
  /** Ends `person`'s session; `other` is another session of the same user. */
  readonly end: (server: TestServer, person: Person, other: Person) => Promise<unknown>;
  /** Whether the other session ends too. */
  readonly all: boolean;
};

/** The access token of an administrator. */
async function signInAdmin(server: TestServer): Promise<string> {
  const admin = await registerPerson(server);
  await setRoles(server, admin.id, ['admin']);
  await proveSecondFactor(server, admin.sessionId);
  return admin.accessToken;
}

/** Everything that ends a session. A new way is added here; the sweep tests the rest. */
const endings: readonly Ending[] = [
  {
    title: 'SE-7 logout by the access token',
    end: (server, { accessToken }) => server.mutate('logout', {}, { token: accessToken }),
    all: false,
  },
  {
    title: 'SE-7 logout by the refresh token',
    end: (server, { refreshToken }) => server.mutate('logout', { refreshToken }),
    all: false,
  },
  {
    title: 'SE-11 logout everywhere',
    end: (server, person) =>
      server.mutate('logout', { everywhere: true }, { token: person.accessToken }),
    all: true,
  },
  {
    title: 'SE-11 revokeSession from another device',
    end: (server, { sessionId }, other) =>
      server.mutate('revokeSession', { sessionId }, { token: other.accessToken }),
    all: false,
  },
  {
    title: 'ADV-45 /oauth/revoke with the access token',
    end: (server, { accessToken }) => postForm(server, '/oauth/revoke', { token: accessToken }),
    all: false,
  },
  {
    title: 'ADV-45 /oauth/revoke with the refresh token',
    end: (server, { refreshToken }) => postForm(server, '/oauth/revoke', { token: refreshToken }),
    all: false,
  },
  {
    title: 'SE-2 reuse of a spent refresh token',
    end: async (server, { refreshToken }) => {
      const next = await server.mutate('refreshSession', { refreshToken });
      await server.mutate('refreshSession', { refreshToken: next.refreshToken });
      await server.mutate('refreshSession', { refreshToken });
    },
    all: false,
  },
  {
    title: 'SE-11 ADV-40 suspension, by whatever writes the row',
    end: (server, { id }) => suspendUser(server, id),
    all: true,
  },
  {
    title: 'SE-11 ADV-13 deletion, by whatever deletes the row',
    end: (server, { id }) => deleteUser(server, id),
    all: true,
  },
  {
    title: 'SE-11 ADV-40 suspendUser by an administrator',
    end: async (server, { id }) =>
      server.mutate('suspendUser', { userId: id }, { token: await signInAdmin(server) }),
    all: true,
  },
  {
    title: 'SE-11 revokeUserSessions by an administrator',
    end: async (server, { id }) =>
      server.mutate('revokeUserSessions', { userId: id }, { token: await signInAdmin(server) }),
    all: true,
  },
  {
    title: 'SE-11 ADV-13 deleteAccount from another device',
    end: (server, { email }, other) =>
      server.mutate('deleteAccount', { confirmEmail: email }, { token: other.accessToken }),
    all: true,
  },
  {
    title: 'SE-10 ADV-41 resetPassword, which takes no word on which sessions to end',
    end: async (server, { email }) => {
      await server.mutate('requestPasswordReset', { email });
      const token = await server.nextToken(email);
      await server.mutate('resetPassword', { token, newPassword: 'seven quiet herons wading' });
    },
    all: true,
  },
  {
    title: 'SE-10 changePassword on another device',
    end: (server, { password }, other) =>
      server.mutate(
        'changePassword',
        { currentPassword: password, newPassword: 'seven quiet herons wading' },
        { token: other.accessToken },
      ),
    all: false,
  },
  {
    title: 'SE-10 a second factor that was set up on another device',
    end: (server, _, other) => enrolTotp(server, other),
    all: false,
  },
  {
    title: 'SE-10 an app that was taken away on another device',
    end: async (server, person, other) => {
      // Proved in neither of the two: only the calling session continues.
      const { phone } = await enrolTotp(server, other);
      const third = await signInWithApp(server, person, phone);
      await server.mutate('disableTotp', {}, { token: third.accessToken });
    },
    all: true,
  },
  {
    title: 'SE-10 a passkey that was added on another device',
    end: (server, _, other) => addPasskey(server, other),
    all: false,
  },
  {
    title: 'SE-10 a passkey that was removed on another device',
    end: async (server, person, other) => {
      const { id: passkeyId } = await addPasskey(server, other);
      // The one that continued has no part in it.
      const third = await signIn(server, person);
      await server.mutate('removePasskey', { passkeyId }, { token: third.accessToken });
    },
    all: true,
  },
  {
    title: 'SE-10 an account at another provider that was linked on another device',
    end: (server, _, other) => linkByProvider(server, provider, other),
    all: false,
  },
  {
    title: 'SE-10 an account at another provider that was unlinked on another device',
    end: async (server, person, other) => {
      const { id: identityId } = await linkByProvider(server, provider, other);
      const third = await signIn(server, person);
      await server.mutate('unlinkIdentity', { identityId }, { token: third.accessToken });
    },
    all: true,
  },
  {
    title: 'SE-10 a new address, confirmed on another device',
    end: (server, _, other) => changeEmail(server, other, freshAddress()),
    all: false,
  },
  {
    title: 'SE-10 a change of address that was taken back by the mailed link',
    end: async (server, _, other) => {
      const token = await changeEmail(server, other, freshAddress());
      await server.mutate('undoEmailChange', { token });
    },
    all: true,
  },
  {
    title: 'SE-11 ADV-13 deleteUser by an administrator',
    end: async (server, { id }) =>
      server.mutate('deleteUser', { userId: id }, { token: await signInAdmin(server) }),
    all: true,
  },
  {
    title: 'SE-10 resetUserFactors by an administrator',
    end: async (server, { id }) => {
      const input = { userId: id, reason: 'a lost phone' };
      return server.mutate('resetUserFactors', input, { token: await signInAdmin(server) });
    },
    all: true,
  },
  {
    title: 'SE-10 resetUserPassword by an administrator',
    end: async (server, { id }) => {
      const input = { userId: id, reason: 'a list of passwords' };
      return server.mutate('resetUserPassword', input, { token: await signInAdmin(server) });
    },
    all: true,
  },
  {
    title: 'SE-14 a sign-in past the cap',
    end: async (server, person) => {
      server.clock.advance(1);
      await server.mutate('refreshSession', { refreshToken: person.refreshToken });
      const small = await server.another({ sessionLimit: 1 });
      await signIn(small, person);
      await small.stop();
    },
    all: true,
  },
  {
    title: 'SE-5 as many idle days as there may be',
    end: async (server) => server.clock.advance(14 * 24 * 3600),
    all: true,
  },
  {
    title: 'SE-9 a step-up by a passkey',
    end: async (server, person) => {
      const { signer } = await addPasskey(server, await signIn(server, person));
      const again = await signIn(server, person);
      const sender = { token: again.accessToken };
      const { passkey } = await server.mutate('reauthenticate', {}, sender);
      const input = { challengeId: passkey.id, credential: signer.assert(passkey.options) };
      await server.mutate('verifyPasskey', input, sender);
    },
    all: true,
  },
  {
    title: 'SE-9 a step-up, which goes on under a new id',
    end: (server, { password, accessToken }) =>
      server.mutate('reauthenticate', { password }, { token: accessToken }),
    all: false,
  },
];

let here: TestServer;
let there: TestServer;
let provider: TestIdentityProvider;
beforeAll(async () => {
  const clock = createTestClock();
  provider = await startIdentityProvider({ clock });
  const config = { gatewayToken, ...withProviders([provider.entry()]) };
  here = await startTestServer({ clock, config });
  there = await here.another();
});
afterAll(async () => {
  await there.stop();
  await here.stop();
  await provider.stop();
});

/** A passkey's step-up and registration that wait for the browser, and a ticket for the app. */
async function beginCeremonies(person: Person) {
  const { signer } = await addPasskey(here, person);
  const sender = { token: person.accessToken };
  provider.user = { sub: person.id };
  const mutation = 'startIdentityLink';
  const ticket = await getTicket(here, provider, { sender, mutation });
  const { passkey } = await here.mutate('reauthenticate', {}, sender);
  const registration = await here.mutate('startPasskeyRegistration', {}, sender);
  return {
    completeIdentityLink: ticket,
    verifyPasskey: { challengeId: passkey.id, credential: signer.assert(passkey.options) },
    confirmPasskeyRegistration: {
      challengeId: registration.id,
      credential: newSigner().register(registration.options),
    },
  };
}

/** The step-up last: it ends the session. */
const ceremonyNames = [
  'confirmPasskeyRegistration',
  'completeIdentityLink',
  'verifyPasskey',
] as const;

/** Those that their session can still finish. */
async function finish(
  server: TestServer,
  ceremonies: Awaited<ReturnType<typeof beginCeremonies>>,
  { accessToken }: Person,
): Promise<string[]> {
  const finished: string[] = [];
  for (const name of ceremonyNames) {
    const answer = await server.mutate(name, ceremonies[name], { token: accessToken });
    if (['Passkey', 'AuthIdentity', 'AuthTokens'].includes(answer.__typename)) finished.push(name);
  }
  return finished;
}

describe('after the end of a session', () => {
  it('ADV-45 the sweep itself: a living session finishes its ceremonies', async () => {
    const person = await registerPerson(here);
    expect(await finish(there, await beginCeremonies(person), person)).toEqual(ceremonyNames);
  });

  it('ADV-45 the sweep itself: every endpoint accepts a living session, on both', async () => {
    const person = await registerPerson(here);
    for (const server of [here, there]) {
      const fresh = await signIn(server, person);
      expect(await openDoors(server, fresh)).toEqual(Object.keys(doors));
    }
  });

  for (const { title, end, all } of endings) {
    it(`${title}: every endpoint of both instances refuses its next request (ADV-45)`, async () => {
      const person = await registerPerson(here);
      const ceremonies = await beginCeremonies(person);
      const [other, stranger] = [await signIn(here, person), await registerPerson(here)];
      await end(here, person, other);
      expect(await finish(there, ceremonies, person)).toEqual([]);
      expect(await openDoors(there, person)).toEqual([]);
      expect(await openDoors(here, person)).toEqual([]);
      expect(await openDoors(there, other)).toEqual(all ? [] : Object.keys(doors));
      if (!title.startsWith('SE-5'))
        expect(await openDoors(there, stranger)).toEqual(Object.keys(doors));
    });
  }

  it('SE-11 a removed role counts nowhere on the next request', async () => {
    const [token, person] = [await signInAdmin(here), await registerPerson(here)];
    await setRoles(here, person.id, ['editor']);
    const rolesThere = async (): Promise<unknown[]> => {
      const headers = { authorization: `Bearer ${person.accessToken}` };
      const verified = await fetch(`${there.url}/verify`, { headers });
      const { body } = await postForm(there, '/oauth/introspect', { token: person.accessToken });
      const { data } = await there.send(meQuery, {}, { token: person.accessToken });
      return [verified.headers.get('x-auth-roles'), body['roles'], data.me.roles];
    };
    expect(await rolesThere()).toEqual(['editor', ['editor'], ['editor']]);
    await here.mutate('setUserRoles', { userId: person.id, roles: [] }, { token });
    expect(await rolesThere()).toEqual(['', [], []]);
  });

  it('ADV-45 it stays ended an hour later, and after another sign-in', async () => {
    const person = await registerPerson(here);
    await here.mutate('logout', {}, { token: person.accessToken });
    here.clock.advance(3600);
    await signIn(here, person);
    expect(await openDoors(there, person)).toEqual([]);
  });
});
