import { createLocalJWKSet, jwtVerify } from 'jose';
import { expect, it } from 'vitest';
import { startTestServer, testConfig } from '../../testing/app.ts';
import { issueAccessToken } from './issue-access-token.ts';

// One ECDSA signature in 128 has an integer shorter than 32 bytes, and every other one an integer
// with a leading zero.
it.each([
  ['ES256', 2000],
  ['EdDSA', 20],
  ['RS256', 5],
] as const)(
  'JW-1 every signature of %s verifies in an independent library',
  async (algorithm, count) => {
    const { app, stop } = await startTestServer({
      config: { jwt: { ...testConfig.jwt, algorithm } },
    });
    try {
      const keys = createLocalJWKSet({ keys: [...app.keyRing.published()] });
      const now = app.clock.now();
      const ids = { session: crypto.randomUUID(), user: crypto.randomUUID() };
      for (let n = 0; n < count; n += 1) {
        const { token } = await issueAccessToken(app, {
          session: {
            id: ids.session,
            authenticatedAt: now,
            methods: ['pwd'],
            idleExpiresAt: new Date(now.getTime() + 86_400_000),
          },
          user: { id: ids.user, roles: [] },
          generation: 0,
        });
        const { payload, protectedHeader } = await jwtVerify(token, keys, { currentDate: now });
        expect(payload).toMatchObject({ sub: ids.user, sid: ids.session });
        expect(protectedHeader.alg).toBe(algorithm);
      }
    } finally {
      await stop();
    }
  },
);
