import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endAllSessions } from '../domain/sessions/end-sessions.ts';
import { startTestServer, type TestServer } from '../testing/app.ts';
import { doors, gatewayToken, openDoors, postForm } from '../testing/doors.ts';
import { type Person, registerPerson, signIn } from '../testing/people.ts';
import { deleteUser, suspendUser } from '../testing/rows.ts';

type Ending = {
  /** What it proves, and what happens. */
  readonly title: string;
  /** Ends `person`'s session; `other` is another session of the same user. */
  readonly end: (server: TestServer, person: Person, other: Person) => Promise<unknown>;
  /** Whether the other session ends too. */
  readonly all: boolean;
};

const background = (server: TestServer) => ({
  ...server.app,
  viewer: null,
  request: { id: 'test', ipAddress: '127.0.0.1', addressBucket: '127.0.0.1', userAgent: null, acceptLanguage: null },
});

/** Everything that ends a session. Whoever builds another way adds it here: the sweep does the rest. */
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
    end: (server, person) => server.mutate('logout', { everywhere: true }, { token: person.accessToken }),
    all: true,
  },
  {
    title: 'SE-11 revokeSession from another device',
    end: (server, { sessionId }, other) => server.mutate('revokeSession', { sessionId }, { token: other.accessToken }),
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
    title: 'SE-11 ADV-40 suspension of the user',
    end: (server, { id }) => suspendUser(server, id),
    all: true,
  },
  {
    title: 'SE-11 ADV-13 deletion of the user',
    end: (server, { id }) => deleteUser(server, id),
    all: true,
  },
  {
    // What a password reset, and an administrator, call; no parameter of theirs leaves a session out.
    title: 'ADV-41 SE-10 the end of every session after a change of credentials',
    end: (server, { id }) =>
      endAllSessions(background(server), { db: server.app.db, userId: id, reason: 'credentials_changed' }),
    all: true,
  },
];

let here: TestServer;
let there: TestServer;
beforeAll(async () => {
  here = await startTestServer({ config: { gatewayToken } });
  there = await here.another();
});
afterAll(async () => {
  await there.stop();
  await here.stop();
});

describe('after the end of a session', () => {
  it('ADV-45 the sweep itself: every door is open to a living session, on both instances', async () => {
    const person = await registerPerson(here);
    for (const server of [here, there]) {
      const fresh = await signIn(server, person);
      expect(await openDoors(server, fresh)).toEqual(Object.keys(doors));
    }
  });

  for (const { title, end, all } of endings) {
    it(`${title}: every door is shut on the next request, on both instances (ADV-45)`, async () => {
      const person = await registerPerson(here);
      const [other, stranger] = [await signIn(here, person), await registerPerson(here)];
      await end(here, person, other);
      expect(await openDoors(there, person)).toEqual([]);
      expect(await openDoors(here, person)).toEqual([]);
      expect(await openDoors(there, other)).toEqual(all ? [] : Object.keys(doors));
      expect(await openDoors(there, stranger)).toEqual(Object.keys(doors));
    });
  }

  it('SE-10 the caller’s own session stays where a change ends the others', async () => {
    const person = await registerPerson(here);
    const other = await signIn(here, person);
    await endAllSessions(background(here), {
      db: here.app.db,
      userId: person.id,
      reason: 'credentials_changed',
      exceptId: person.sessionId,
    });
    expect(await openDoors(there, other)).toEqual([]);
    expect(await openDoors(there, person)).toEqual(Object.keys(doors));
  });

  it('ADV-45 it stays ended: an hour later, and after another sign-in of the same user', async () => {
    const person = await registerPerson(here);
    await here.mutate('logout', {}, { token: person.accessToken });
    here.clock.advance(3600);
    await signIn(here, person);
    expect(await openDoors(there, person)).toEqual([]);
  });
});
