import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { outboxMessages } from '../../db/tables/outbox-messages.ts';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { freshAddress, goodPassword, registerPerson } from '../../testing/people.ts';

describe('enqueuing a mail wakes the outbox', () => {
  let server: TestServer;
  let wake: () => void;
  /** How many rows other connections saw at each wake. */
  let woken: Promise<number>[];

  beforeAll(async () => {
    server = await startTestServer();
    wake = server.app.wakeOutbox;
  });
  afterAll(() => server.stop());
  beforeEach(() => {
    woken = [];
    Object.assign(server.app, { wakeOutbox: wake });
  });

  const rows = async () => (await server.app.db.select().from(outboxMessages)).length;
  const count = () => {
    Object.assign(server.app, { wakeOutbox: () => void woken.push(rows()) });
  };

  it('EM-5 once per request that mails, after the commit', async () => {
    count();
    const before = await rows();
    const email = freshAddress();
    const challenge = await server.mutate('register', { email, password: goodPassword });
    expect(challenge.__typename).toBe('OtpChallenge');
    expect(await Promise.all(woken)).toEqual([before + 1]);
    // A notice to the owner instead of a code.
    await server.mutate('register', { email, password: goodPassword });
    await server.mutate('requestPasswordReset', { email });
    expect(await Promise.all(woken)).toEqual([before + 1, before + 2, before + 3]);
  });

  it('EN-2 alike for an unknown address', async () => {
    count();
    const before = await rows();
    await server.mutate('requestPasswordReset', { email: freshAddress() });
    await server.mutate('requestLoginCode', { email: freshAddress() });
    // A refused sign-in reminds of an unfinished registration, or does the same for no one.
    await server.mutate('login', { email: freshAddress(), password: goodPassword });
    expect(await Promise.all(woken)).toEqual([before + 1, before + 2, before + 3]);
  });

  it('EM-5 not by a refusal, nor by a sign-in without mail', async () => {
    const person = await registerPerson(server);
    count();
    const before = await rows();
    await server.mutate('login', { email: person.email, password: goodPassword });
    const wrong = await server.mutate(
      'changePassword',
      { currentPassword: 'another one', newPassword: 'copper willow thunder market' },
      { token: person.accessToken },
    );
    expect(wrong).toMatchObject({ code: 'INVALID_CREDENTIALS' });
    expect(woken).toEqual([]);
    expect(await rows()).toBe(before);
  });

  it('EM-5 by each of many concurrent requests', async () => {
    count();
    const before = await rows();
    await Promise.all(
      Array.from({ length: 8 }, () =>
        server.mutate('register', { email: freshAddress(), password: goodPassword }),
      ),
    );
    const seen = await Promise.all(woken);
    expect(seen).toHaveLength(8);
    expect(Math.max(...seen)).toBe(before + 8);
  });

  it('EM-5 and a worker that fails to wake fails no request', async () => {
    Object.assign(server.app, {
      wakeOutbox: () => {
        throw new Error('The worker is gone.');
      },
    });
    const email = freshAddress();
    const challenge = await server.mutate('register', { email, password: goodPassword });
    expect(challenge.__typename).toBe('OtpChallenge');
    expect(server.logLines.some((line) => line.includes('after_commit.failed'))).toBe(true);
    Object.assign(server.app, { wakeOutbox: wake });
    expect(await server.nextCode(email)).toMatch(/^\d{6}$/);
  });
});
