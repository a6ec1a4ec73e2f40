import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codeIn, linkTokenIn, startTestServer, type TestServer } from '../testing/app.ts';
import { meQuery } from '../testing/client.ts';
import { createTestClock } from '../testing/clock.ts';
import { gatewayToken, postForm } from '../testing/doors.ts';
import { misspelled, spaced } from '../testing/forged-tokens.ts';
import { begin, getTicket, linkByProvider, withProviders } from '../testing/identities.ts';
import { startIdentityProvider, type TestIdentityProvider } from '../testing/identity-provider.ts';
import { newSigner, registerPasskey } from '../testing/passkeys.ts';
import { changeEmail, freshAddress, registerPerson } from '../testing/people.ts';
import { sessionsOf } from '../testing/rows.ts';

let provider: TestIdentityProvider;
let server: TestServer;
beforeAll(async () => {
  const clock = createTestClock();
  provider = await startIdentityProvider({ clock });
  const entry = provider.entry({ trustEmail: true, nativeClientIds: ['app'] });
  const config = { gatewayToken, ...withProviders([entry]) };
  server = await startTestServer({ clock, config });
});
afterAll(async () => {
  await server.stop();
  await provider.stop();
});

/** One token of each kind; a new kind is added here. */
async function makeTokens() {
  const email = freshAddress();
  const person = await registerPerson(server, { email });
  const challenge = await server.mutate('requestLoginCode', { email });
  const code = await server.nextCode(email);
  const mail = server.mailbox.list().find((each) => codeIn(each) === code);
  await server.mutate('requestPasswordReset', { email });
  const mover = await registerPerson(server);
  const signer = newSigner();
  await registerPasskey(server, mover, signer);
  const ceremony = await server.mutate('requestPasskeyLogin', {});
  const { ticket, codeVerifier } = await inTurn(async () => {
    provider.user = { sub: email, email, email_verified: true };
    await linkByProvider(server, provider, person);
    return getTicket(server, provider);
  });
  const { id: nonceId, nonce } = await server.mutate('requestIdTokenNonce', asked);
  const begun = await begin(server);
  return {
    person,
    code,
    codeVerifier,
    idToken: await provider.idToken({ sub: email, aud: 'app', nonce }),
    credential: signer.assert(ceremony.options),
    tokens: {
      'access token': person.accessToken,
      'refresh token': person.refreshToken,
      'OTP challenge': challenge.id as string,
      'link token': (mail && linkTokenIn(mail)) ?? '',
      'reset token': await server.nextToken(email),
      'undo token': await changeEmail(server, mover, freshAddress()),
      'passkey challenge': ceremony.id as string,
      'identity ticket': ticket,
      'ID token nonce': nonceId as string,
      'identity handle': begun.url.slice(begun.url.lastIndexOf('/') + 1),
      'service credential': gatewayToken,
    },
  };
}
const asked = { providerId: 'double' };

let last: Promise<unknown> = Promise.resolve();
/** One after the other: the provider's double says the same person to all who come. */
function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const done = last.then(work);
  last = done.catch(() => undefined);
  return done;
}

type Kind = keyof Awaited<ReturnType<typeof makeTokens>>['tokens'];
type Door = {
  readonly takes: readonly Kind[];
  readonly opens: (token: string, made: Awaited<ReturnType<typeof makeTokens>>) => Promise<boolean>;
};

const verify = async (token: string) => {
  const { status } = await fetch(`${server.url}/verify`, {
    headers: { authorization: `Bearer ${token}` },
  });
  return status === 200;
};
const basic = (password: string) => ({
  authorization: `Basic ${Buffer.from(`any:${password}`).toString('base64')}`,
});

const usersByIds = 'query Q($ids: [ID!]!) { usersByIds(ids: $ids) { id } }';

/**
 * Every endpoint that accepts a token, and the kinds that it accepts; a new endpoint is added here.
 */
const places: Readonly<Record<string, Door>> = {
  'bearer of me': {
    takes: ['access token'],
    opens: async (token) => (await server.send(meQuery, {}, { token })).data?.me != null,
  },
  'bearer of GET /verify': { takes: ['access token'], opens: verify },
  'refreshSession.refreshToken': {
    takes: ['refresh token'],
    opens: async (refreshToken) =>
      (await server.mutate('refreshSession', { refreshToken })).__typename === 'AuthTokens',
  },
  'the refresh cookie': {
    takes: ['refresh token'],
    opens: async (token) => {
      const headers = { cookie: `latchkey=${token}`, 'sec-fetch-site': 'same-origin' };
      return (await server.mutate('refreshSession', {}, { headers })).__typename === 'AuthTokens';
    },
  },
  'verifyOtp.challengeId': {
    takes: ['OTP challenge'],
    opens: async (challengeId, { code }) =>
      (await server.mutate('verifyOtp', { challengeId, code })).__typename === 'AuthTokens',
  },
  'verifyLink.token': {
    takes: ['link token'],
    opens: async (token) =>
      (await server.mutate('verifyLink', { token })).__typename === 'AuthTokens',
  },
  'verifyPasskey.challengeId': {
    takes: ['passkey challenge'],
    opens: async (challengeId, { credential }) =>
      (await server.mutate('verifyPasskey', { challengeId, credential })).__typename ===
      'AuthTokens',
  },
  'confirmPasskeyRegistration.challengeId': {
    // The ceremony of a sign-in is none of a registration.
    takes: [],
    opens: async (challengeId, { credential, person }) => {
      const input = { challengeId, credential };
      const sender = { token: person.accessToken };
      const answer = await server.mutate('confirmPasskeyRegistration', input, sender);
      return answer.__typename === 'Passkey';
    },
  },
  'completeIdentityLogin.ticket': {
    takes: ['identity ticket'],
    opens: async (ticket, { codeVerifier }) => {
      const input = { ticket, codeVerifier };
      return (await server.mutate('completeIdentityLogin', input)).__typename === 'AuthTokens';
    },
  },
  'completeIdentityLink.ticket': {
    // The ticket of a sign-in links nothing.
    takes: [],
    opens: async (ticket, { codeVerifier, person }) => {
      const input = { ticket, codeVerifier };
      const sender = { token: person.accessToken };
      const answer = await server.mutate('completeIdentityLink', input, sender);
      return answer.__typename === 'AuthIdentity';
    },
  },
  'loginWithIdToken.nonceId': {
    takes: ['ID token nonce'],
    opens: async (nonceId, { idToken }) =>
      (await server.mutate('loginWithIdToken', { nonceId, idToken })).__typename === 'AuthTokens',
  },
  'GET /identity/start': {
    takes: ['identity handle'],
    opens: async (handle) => {
      const address = `${server.url}/identity/start/${encodeURIComponent(handle)}`;
      return (await fetch(address, { redirect: 'manual' })).status === 303;
    },
  },
  'resendOtp.challengeId': {
    takes: ['OTP challenge'],
    opens: async (challengeId) => {
      server.clock.advance(31);
      return (await server.mutate('resendOtp', { challengeId })).__typename === 'OtpChallenge';
    },
  },
  'logout.refreshToken': {
    takes: ['refresh token'],
    opens: async (refreshToken, { person }) => {
      await server.mutate('logout', { refreshToken: refreshToken.slice(0, 512) });
      const [session] = await sessionsOf(server, person.id);
      return session?.revokedAt !== null;
    },
  },
  'resetPassword.token': {
    takes: ['reset token'],
    opens: async (token) => {
      const input = { token, newPassword: 'seven quiet herons wading' };
      return (await server.mutate('resetPassword', input)).__typename === 'AuthAccepted';
    },
  },
  'undoEmailChange.token': {
    takes: ['undo token'],
    opens: async (token) =>
      (await server.mutate('undoEmailChange', { token })).__typename === 'AuthAccepted',
  },
  'confirmEmailChange.challengeId': {
    // A challenge of an address change has another purpose than that of a sign-in.
    takes: [],
    opens: async (challengeId, { code, person }) => {
      const sender = { token: person.accessToken };
      return (
        (await server.mutate('confirmEmailChange', { challengeId, code }, sender)).__typename ===
        'User'
      );
    },
  },
  'X-Gateway-Token of usersByIds': {
    takes: ['service credential'],
    opens: async (token, { person }) => {
      const headers = { 'x-gateway-token': token };
      return (
        (await server.send(usersByIds, { ids: [person.id] }, { headers })).data?.usersByIds?.[0]
          ?.id === person.id
      );
    },
  },
  'bearer of usersByIds': {
    // The Authorization header belongs to the user that a gateway acts for.
    takes: [],
    opens: async (token, { person }) =>
      (await server.send(usersByIds, { ids: [person.id] }, { token })).data?.usersByIds?.[0]?.id ===
      person.id,
  },
  'token of /oauth/introspect': {
    takes: ['access token', 'refresh token'],
    opens: async (token) =>
      (await postForm(server, '/oauth/introspect', { token })).body['active'] === true,
  },
  'token of /oauth/revoke': {
    takes: ['access token', 'refresh token'],
    opens: async (token, { person }) => {
      await postForm(server, '/oauth/revoke', { token });
      const [session] = await sessionsOf(server, person.id);
      return session?.revokedAt !== null;
    },
  },
  'bearer of /oauth/introspect': {
    takes: ['service credential'],
    opens: async (token) => {
      const headers = { authorization: `Bearer ${token}` };
      return (await postForm(server, '/oauth/introspect', { token: 'x' }, headers)).status === 200;
    },
  },
  'Basic password of /oauth/revoke': {
    takes: ['service credential'],
    opens: async (token) =>
      (await postForm(server, '/oauth/revoke', { token: 'x' }, basic(token))).status === 200,
  },
};

describe('every kind of token at every endpoint', () => {
  for (const [place, { takes, opens }] of Object.entries(places)) {
    const accepted =
      takes.length > 0 ? `the ${takes.join(' and the ')} and nothing else` : 'none of these';
    it(`SE-15 ${place} takes ${accepted}`, async () => {
      const kinds = Object.keys((await makeTokens()).tokens) as Kind[];
      const opened = await Promise.all(
        kinds.map(async (kind) => {
          const made = await makeTokens();
          return opens(made.tokens[kind], made);
        }),
      );
      expect(kinds.filter((_, index) => opened[index])).toEqual(takes);
    });
  }

  for (const [place, { takes, opens }] of Object.entries(places)) {
    // A challenge's id is a UUID and no base64url.
    const spelled = takes.filter((kind) => kind !== 'OTP challenge');
    if (spelled.length === 0) continue;
    it(`X-12 ${place} takes a token as it was issued, in no other spelling`, async () => {
      for (const kind of spelled) {
        const made = await makeTokens();
        const token = made.tokens[kind];
        // HTTP itself strips the white space around a header.
        const inHeader = /^bearer|cookie|^X-|^Basic/.test(place);
        for (const other of [...misspelled(token), ...(inHeader ? [] : spaced(token))]) {
          expect([kind, other, await opens(other, made)]).toEqual([kind, other, false]);
        }
        expect([kind, await opens(token, made)]).toEqual([kind, true]);
      }
    });
  }

  it('X-12 the Basic header of a service is base64 to its end', async () => {
    const right = Buffer.from(`any:${gatewayToken}`).toString('base64').replace(/=+$/, '');
    const statusOf = async (credential: string) =>
      (
        await postForm(
          server,
          '/oauth/introspect',
          { token: 'x' },
          { authorization: `Basic ${credential}` },
        )
      ).status;
    const padded = right.padEnd(Math.ceil(right.length / 4) * 4, '=');
    for (const credential of [`${padded}A`, `${padded}=`, `${padded}====`, `${right}!`])
      expect([credential, await statusOf(credential)]).toEqual([credential, 401]);
    expect([await statusOf(right), await statusOf(padded)]).toEqual([200, 200]);
  });

  it('SE-15 a made-up or empty token is accepted nowhere', async () => {
    const made = await makeTokens();
    for (const [place, { opens }] of Object.entries(places)) {
      for (const token of ['nonsense', 'eyJhbGciOiJub25lIn0.e30.']) {
        expect([place, await opens(token, made)]).toEqual([place, false]);
      }
    }
  });
});
