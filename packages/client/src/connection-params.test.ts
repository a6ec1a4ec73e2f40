import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../../src/testing/app.ts';
import { registerPerson } from '../../../src/testing/people.ts';
import { connectionParams, createAuthClient, reconnectOnUserChange } from './index.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

describe('subscriptions', () => {
  it('begin without a token where no user is signed in', async () => {
    const auth = createAuthClient({ url: `${server.url}/graphql` });
    expect(await connectionParams(auth)()).toEqual({});
  });

  it('begin with a token that is valid then', async () => {
    const { email, password, id } = await registerPerson(server);
    const auth = createAuthClient({ url: `${server.url}/graphql` });
    await auth.login({ email, password });
    const { authorization = '' } = await connectionParams(auth)();
    const answer = await server.send('{ me { id } }', {}, { token: authorization.slice(7) });
    expect(authorization).toMatch(/^Bearer /);
    expect(answer.data).toEqual({ me: { id } });
  });

  it('connect anew for another user, and for no other change', async () => {
    const people = [await registerPerson(server), await registerPerson(server)];
    const auth = createAuthClient({ url: `${server.url}/graphql` });
    let ended = 0;
    const stop = reconnectOnUserChange(auth, {
      terminate: () => {
        ended += 1;
      },
    });
    const counts: number[] = [];
    const [first, second] = people.map(({ email, password }) => ({ email, password }));
    if (!first || !second) throw new Error('Too few people.');
    await auth.login(first);
    counts.push(ended);
    await auth.updateProfile({ name: 'Ada' });
    await auth.login(first);
    counts.push(ended);
    await auth.login(second);
    counts.push(ended);
    await auth.logout();
    counts.push(ended);
    stop();
    await auth.login(first);
    counts.push(ended);
    expect(counts).toEqual([1, 1, 2, 3, 3]);
  });
});
