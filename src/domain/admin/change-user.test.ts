import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { holdAdmins } from '../../db/queries/user-administration.ts';
import { type Administrator, makeAdministrator } from '../../testing/administrators.ts';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { signInWithApp } from '../../testing/authenticator.ts';

let server: TestServer;
let second: TestServer;
let ada: Administrator;
let bob: Administrator;
beforeAll(async () => {
  server = await startTestServer();
  second = await server.another();
  ada = await makeAdministrator(server);
  bob = await makeAdministrator(server);
});
afterAll(async () => {
  await second.stop();
  await server.stop();
});

const as = (person: { accessToken: string }) => ({ token: person.accessToken });

describe('two administrators who act against each other at once, on two instances', () => {
  it.each(['setUserRoles', 'suspendUser'] as const)('AZ-7 %s: one stays', async (mutation) => {
    for (let round = 0; round < 5; round += 1) {
      const input = (victim: Administrator) => ({
        userId: victim.id,
        ...(mutation === 'setUserRoles' ? { roles: [] } : { reason: 'test' }),
      });
      const answers = await Promise.all([
        server.mutate(mutation, input(bob), as(ada)),
        second.mutate(mutation, input(ada), as(bob)),
      ]);
      expect(answers.filter(({ __typename }) => __typename === 'User')).toHaveLength(1);
      const left = await server.app.db.transaction((tx) => holdAdmins(tx));
      expect(left).toHaveLength(1);

      // Restored for the next round by the remaining administrator.
      const winner = left[0] === ada.id ? ada : bob;
      const loser = winner === ada ? bob : ada;
      if (mutation === 'setUserRoles') {
        await server.mutate('setUserRoles', { userId: loser.id, roles: ['admin'] }, as(winner));
      } else {
        await server.mutate('reinstateUser', { userId: loser.id }, as(winner));
        Object.assign(loser, await signInWithApp(server, loser, loser.phone));
        Object.assign(winner, await signInWithApp(server, winner, winner.phone));
      }
    }
  });

  it('AZ-7 twenty concurrent demotions of oneself leave one administrator', async () => {
    const more = [ada, bob, await makeAdministrator(server), await makeAdministrator(server)];
    const fresh: Administrator[] = [];
    for (const admin of more)
      fresh.push({ ...admin, ...(await signInWithApp(server, admin, admin.phone)) });
    await Promise.all(
      fresh.flatMap((admin) =>
        Array.from({ length: 5 }, (_, turn) =>
          (turn % 2 === 0 ? server : second).mutate(
            'setUserRoles',
            { userId: admin.id, roles: [] },
            as(admin),
          ),
        ),
      ),
    );
    expect(await server.app.db.transaction((tx) => holdAdmins(tx))).toHaveLength(1);
  });
});
