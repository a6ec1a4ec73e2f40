import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { holdAdmins } from '../../db/queries/user-administration.ts';
import { type Administrator, makeAdministrator } from '../../testing/administrators.ts';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { signInWithApp } from '../../testing/authenticator.ts';
import { setRoles } from '../../testing/rows.ts';
import { changeAsOperator } from './change-as-operator.ts';
import type { Changer, HeldUser } from './change-user.ts';
import { deleteHeld } from './delete-user.ts';
import { suspendHeld } from './suspend-user.ts';

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

  it('X-6 AZ-7 the operator and an administrator: one stays', async () => {
    const operator = { ...server.app, request: null, viewer: null };
    const changes: ((ctx: Changer, held: HeldUser) => Promise<unknown>)[] = [
      (ctx, held) => suspendHeld(ctx, held, { until: null, reason: null }),
      (ctx, held) => deleteHeld(ctx, held, { reason: null }),
    ];
    for (const change of changes)
      for (const verb of ['setUserRoles', 'deleteUser'] as const) {
        for (const one of [ada, bob]) await setRoles(server, one.id, []);
        const eve = await makeAdministrator(server);
        const fred = await makeAdministrator(server);
        const input = verb === 'setUserRoles' ? { roles: [] } : {};
        const [byOperator, byEve] = await Promise.allSettled([
          changeAsOperator(operator, { user: { kind: 'id', id: eve.id }, change }),
          second.mutate(verb, { userId: fred.id, ...input }, as(eve)),
        ]);
        const left = await server.app.db.transaction((tx) => holdAdmins(tx));
        expect(left).toHaveLength(1);
        // Eve acted first, and then is the last one; or she was gone when it was her turn.
        if (left[0] === eve.id) expect(byOperator).toMatchObject({ reason: { code: 'CONFLICT' } });
        const done = byEve.status === 'fulfilled' ? byEve.value.__typename : null;
        if (left[0] !== eve.id) expect(['User', 'AuthAccepted']).not.toContain(done);
        await setRoles(server, left[0] ?? '', []);
      }
    for (const one of [ada, bob]) await setRoles(server, one.id, ['admin']);
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
