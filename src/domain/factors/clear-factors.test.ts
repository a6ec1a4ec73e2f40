import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countIdentities } from '../../db/queries/identities.ts';
import { countPasskeys } from '../../db/queries/passkeys.ts';
import { findUserById } from '../../db/queries/users.ts';
import { recoveryCodes } from '../../db/tables/recovery-codes.ts';
import { totpAuthenticators } from '../../db/tables/totp-authenticators.ts';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { enrolTotp, signInWithApp } from '../../testing/authenticator.ts';
import { addIdentity } from '../../testing/identities.ts';
import { addPasskey } from '../../testing/passkeys.ts';
import { registerPerson } from '../../testing/people.ts';
import { reserveUnseen } from '../rate-limits/reserve.ts';
import { clearFactors } from './clear-factors.ts';

describe('clearFactors', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.stop());

  /** A user with a passkey, a linked account, an active app, a pending one, and recovery codes. */
  const someone = async (): Promise<string> => {
    const person = await registerPerson(server);
    await addPasskey(server, person);
    const key = { providerId: 'any', issuer: 'https://id.example.com', subject: person.id };
    await addIdentity(server, { userId: person.id, ...key });
    const { phone } = await enrolTotp(server, person);
    const { accessToken } = await signInWithApp(server, person, phone);
    await server.mutate('startTotpEnrollment', {}, { token: accessToken });
    return person.id;
  };
  const factorsOf = async (userId: string) => {
    const { db } = server.app;
    const apps = await db
      .select()
      .from(totpAuthenticators)
      .where(eq(totpAuthenticators.userId, userId));
    const codes = await db.select().from(recoveryCodes).where(eq(recoveryCodes.userId, userId));
    const user = await findUserById(db, { id: userId });
    return {
      apps: apps.length,
      codes: codes.length,
      passkeys: await countPasskeys(db, { userId }),
      identities: await countIdentities(db, { userId }),
      isAsked: user?.totpEnabledAt !== null,
    };
  };
  const all = { apps: 2, codes: 10, passkeys: 1, identities: 1, isAsked: true };

  it('RC-7 removes active and pending factors, of this user only', async () => {
    const [userId, otherId] = [await someone(), await someone()];
    expect(await factorsOf(userId)).toEqual(all);
    const cleared = await server.app.transaction((db) => clearFactors(server.app, { db, userId }));
    expect(cleared).toEqual({ passkeys: 1, identities: 1 });
    const nothing = { apps: 0, codes: 0, passkeys: 0, identities: 0, isAsked: false };
    expect(await factorsOf(userId)).toEqual(nothing);
    expect(await factorsOf(otherId)).toEqual(all);
  });

  it('removes nothing where the change is rolled back', async () => {
    const userId = await someone();
    const change = server.app.transaction(async (db) => {
      await clearFactors(server.app, { db, userId });
      throw new Error('The change failed.');
    });
    await expect(change).rejects.toThrow('The change failed.');
    expect(await factorsOf(userId)).toEqual(all);
  });

  it('OT-4 resets consecutive failures, and keeps those of the window', async () => {
    const userId = await someone();
    const inARow = { budget: 'second-factor:consecutive', identifier: userId } as const;
    const inWindow = { budget: 'second-factor:account', identifier: userId } as const;
    const one = { limit: 1, window: 3600 };
    const rateLimits = { [inARow.budget]: one, [inWindow.budget]: one };
    const config = { ...server.app.config, rateLimits, rateLimitMultiplier: 1 };
    const isLeft = (claim: typeof inARow | typeof inWindow) =>
      reserveUnseen({ ...server.app, config }, [claim]);
    expect([await isLeft(inARow), await isLeft(inWindow)]).toEqual([true, true]);
    expect([await isLeft(inARow), await isLeft(inWindow)]).toEqual([false, false]);
    await server.app.transaction((db) => clearFactors(server.app, { db, userId }));
    expect(await isLeft(inARow)).toBe(true);
    expect(await isLeft(inWindow)).toBe(false);
  });
});
