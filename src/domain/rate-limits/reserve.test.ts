import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { type Claim, release, reserve } from './reserve.ts';

describe('budgets under many hands', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ config: { rateLimitMultiplier: 1 } });
  });
  afterAll(() => server.stop());

  it('RL-6 of 60 at once over two instances, as many pass as the budget has', async () => {
    const other = await server.another();
    try {
      const claims: Claim[] = [{ budget: 'login:account', identifier: 'a' }];
      const tries = Array.from({ length: 60 }, (_, index) => reserve((index % 2 ? other : server).app, claims));
      const outcomes = await Promise.allSettled(tries);
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
    } finally {
      await other.stop();
    }
  });

  it('RL-6 counting and clearing the same keys at once never end in a deadlock', async () => {
    for (let round = 0; round < 20; round += 1) {
      const claims: Claim[] = [
        { budget: 'otp:account', identifier: `${round}` },
        { budget: 'otp:consecutive', identifier: `${round}` },
        { budget: 'login:account', identifier: `${round}` },
      ];
      // So that the rows do not lie in the order of their keys.
      for (const claim of round % 2 ? claims : claims.toReversed()) await reserve(server.app, [claim]);
      const work = Array.from({ length: 45 }, (_, index) =>
        index % 3 ? reserve(server.app, claims) : release(server.app, { db: server.app.db, claims }),
      );
      const outcomes = await Promise.allSettled(work);
      const errors = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
      expect(errors.filter((error) => error.code !== 'RATE_LIMITED')).toEqual([]);
    }
  });
});
