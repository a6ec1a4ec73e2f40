import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { dump } from '../../testing/dump.ts';
import { begin, withProviders } from '../../testing/identities.ts';
import { startIdentityProvider } from '../../testing/identity-provider.ts';
import { freshAddress, goodPassword, registerPerson, signIn } from '../../testing/people.ts';
import { rawSql } from '../../testing/raw-sql.ts';
import { suspendUser } from '../../testing/rows.ts';
import { type PurgeCounts, purgeExpired } from './purge-expired.ts';
import { startRetentionWorker } from './start-retention-worker.ts';

const day = 24 * 3600;
const agent = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const rowsOf = async (table: string) => (await dump(server.app))[table] ?? [];
const sizes = async (): Promise<Record<string, number>> =>
  Object.fromEntries(
    Object.entries(await dump(server.app)).map(([table, rows]) => [table, rows.length]),
  );
const total = (counts: PurgeCounts): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

describe('purgeExpired', () => {
  it('DP-6 removes nothing that is in force', async () => {
    const person = await registerPerson(server);
    await server.mutate('register', { email: freshAddress(), password: goodPassword });
    await server.mutate('requestPasswordReset', { email: person.email });
    await server.nextToken(person.email);
    const before = await sizes();
    expect(total(await purgeExpired(server.app))).toBe(0);
    expect(await sizes()).toEqual(before);
    await signIn(server, person);
  });

  it('DP-6 removes each kind when it has expired, and not a day before', async () => {
    const provider = await startIdentityProvider();
    const entry = provider.entry({ nativeClientIds: ['latchkey'] });
    const own = await startTestServer({ config: withProviders([entry]) });
    try {
      const person = await registerPerson(own);
      const unverified = freshAddress();
      await own.mutate('register', { email: unverified, password: goodPassword });
      await own.mutate('requestPasswordReset', { email: person.email });
      await own.mutate('requestLoginCode', { email: 'nobody@example.com' });
      const { accessToken: token } = person;
      await own.mutate('startTotpEnrollment', {}, { token });
      await own.mutate('startPasskeyRegistration', {}, { token });
      await own.mutate('requestPasskeyLogin', {});
      await own.mutate('requestIdTokenNonce', { providerId: 'double' });
      await begin(own);
      await own.nextToken(person.email);
      await own.nextMail(unverified);
      const counts: Record<number, PurgeCounts> = {};
      let today = 0;
      for (const at of [2, 4, 6, 8, 29, 31, 36, 38, 399, 401]) {
        own.clock.advance((at - today) * day);
        today = at;
        counts[at] = await purgeExpired(own.app);
      }
      expect(counts[2]).toMatchObject({
        challenges: 0,
        passkeyChallenges: 0,
        identityFlows: 0,
        accountTokens: 0,
        mails: 0,
        pendingFactors: 0,
        unverifiedAccounts: 0,
      });
      // Budgets of attempts are removed as soon as their window has ended.
      expect(counts[2]?.rateLimits).toBeGreaterThan(0);
      expect(counts[4]).toMatchObject({ challenges: 3, accountTokens: 1, unverifiedAccounts: 0 });
      expect(counts[4]).toMatchObject({ pendingFactors: 1, passkeyChallenges: 2 });
      expect(counts[4]).toMatchObject({ identityFlows: 2 });
      expect(counts[4]?.mails).toBeGreaterThanOrEqual(3);
      expect(counts[6]).toMatchObject({ unverifiedAccounts: 0 });
      expect(counts[8]).toMatchObject({ unverifiedAccounts: 1, sessions: 0 });
      expect(counts[29]).toMatchObject({ shortenedOrigins: 0, sessions: 0 });
      expect(counts[31]?.shortenedOrigins).toBeGreaterThan(0);
      // A session of 30 days, and seven days more.
      expect(counts[36]).toMatchObject({ sessions: 0 });
      expect(counts[38]).toMatchObject({ sessions: 1 });
      expect(counts[399]).toMatchObject({ knownDevices: 0 });
      expect(counts[401]).toMatchObject({ knownDevices: 1 });
      const left = await dump(own.app);
      expect(left['users']).toHaveLength(1);
      for (const table of [
        'otp_challenges',
        'passkey_challenges',
        'account_tokens',
        'sessions',
        'outbox_messages',
        'known_devices',
      ]) {
        expect(left[table], table).toEqual([]);
      }
      // The audit trail stays.
      expect(left['audit_events']?.length).toBeGreaterThan(3);
      await signIn(own, person);
    } finally {
      await provider.stop();
      await own.stop();
    }
  });

  it('DP-6 truncates old addresses and devices, and erases typed addresses', async () => {
    const person = await registerPerson(server);
    await server.mutate(
      'login',
      { email: person.email, password: 'wrong wrong wrong' },
      { headers: { 'user-agent': agent } },
    );
    const [event] = (await rowsOf('audit_events')).filter(
      (row) => row['type'] === 'login.failed' && row['subjectId'] === person.id,
    );
    const origin = async () =>
      (await rowsOf('audit_origins')).find((row) => row['eventId'] === event?.['id']);
    expect(await origin()).toMatchObject({
      ipAddress: '127.0.0.1',
      userAgent: agent,
      shortenedAt: null,
    });
    server.clock.advance(31 * day);
    await purgeExpired(server.app);
    expect(await origin()).toMatchObject({
      ipAddress: '127.0.0.0/24',
      userAgent: 'Firefox on Linux',
      accountKey: null,
      shortenedAt: server.clock.now(),
    });
    expect((await purgeExpired(server.app)).shortenedOrigins).toBe(0);

    const { accessToken: token } = await signIn(server, person);
    const { data } = await server.send(
      '{ account { securityEvents(first: 100) { edges { node { id ipAddress device } } } } }',
      {},
      { token },
    );
    const shown = data.account.securityEvents.edges.find(
      ({ node }: { node: { id: string } }) => node.id === event?.['id'],
    );
    expect(shown.node).toMatchObject({ ipAddress: '127.0.0.0/24', device: 'Firefox on Linux' });
  });

  it('DP-6 stores of a session only the network and the kind of device', async () => {
    const person = await registerPerson(server);
    await server.mutate(
      'login',
      { email: person.email, password: person.password },
      { headers: { 'user-agent': agent } },
    );
    const rows = (await rowsOf('sessions')).filter((row) => row['userId'] === person.id);
    expect(rows).toHaveLength(2);
    expect(rows.map((row) => row['network'])).toEqual(['127.0.0.0/24', '127.0.0.0/24']);
    expect(rows.map((row) => row['device'])).toContain('Firefox on Linux');
    expect(JSON.stringify(rows)).not.toMatch(/127\.0\.0\.1|Mozilla/);
  });

  it('DP-6 keeps unverified accounts with an open code or link, and suspended ones', async () => {
    const [returning, linked, suspended] = [freshAddress(), freshAddress(), freshAddress()];
    for (const email of [returning, linked, suspended]) {
      await server.mutate('register', { email, password: goodPassword });
    }
    const row = (await rowsOf('users')).find((user) => user['email'] === suspended);
    await suspendUser(server, String(row?.['id']));
    server.clock.advance(8 * day);
    const again = await server.mutate('register', { email: returning, password: goodPassword });
    await server.nextCode(returning);
    const code = await server.nextCode(returning);
    await server.mutate('requestPasswordReset', { email: linked });
    await purgeExpired(server.app);
    const emails = (await rowsOf('users')).map((user) => user['email']);
    expect(emails).toEqual(expect.arrayContaining([returning, linked, suspended]));
    expect(await server.mutate('verifyOtp', { challengeId: again.id, code })).toMatchObject({
      __typename: 'AuthTokens',
    });
    server.clock.advance(day);
    await purgeExpired(server.app);
    const later = (await rowsOf('users')).map((user) => user['email']);
    expect(later).toContain(returning);
    expect(later).not.toContain(linked);
    expect(later).toContain(suspended);
  });

  it('two concurrent passes share the work: nothing is left or counted twice', async () => {
    const own = await startTestServer();
    try {
      for (let round = 0; round < 60; round += 1) {
        await own.mutate('requestLoginCode', { email: `nobody-${round}@example.com` });
      }
      own.clock.advance(5 * day);
      const [one, two] = await Promise.all([purgeExpired(own.app), purgeExpired(own.app)]);
      expect(one.challenges + two.challenges).toBe(60);
      expect((await dump(own.app))['otp_challenges']).toEqual([]);
    } finally {
      await own.stop();
    }
  });
});

describe('the retention worker', () => {
  it('runs by itself, logs what it did, continues after a failure, and stops', async () => {
    await server.mutate('requestLoginCode', { email: 'nobody@example.com' });
    server.clock.advance(5 * day);
    const worker = startRetentionWorker(server.app, { firstAfter: 0.05, every: 0.05 });
    try {
      await expect
        .poll(() => server.logLines.some((line) => line.includes('retention.purged')), {
          timeout: 5000,
        })
        .toBe(true);
    } finally {
      await worker.stop();
    }
    expect((await rowsOf('otp_challenges')).filter((row) => Number(row['expiresAt']) < 0)).toEqual(
      [],
    );
    let read = 0;
    const failing = startRetentionWorker(
      {
        ...server.app,
        clock: {
          now: () => {
            // The worker starts, and none of its passes succeeds.
            if (read++ > 0) throw new Error('The clock is gone.');
            return server.clock.now();
          },
        },
      },
      { firstAfter: 0.01, every: 0.01 },
    );
    await expect
      .poll(() => server.logLines.filter((line) => line.includes('retention.failed')).length, {
        timeout: 5000,
      })
      .toBeGreaterThan(1);
    await failing.stop();
  });
});

describe('of several instances', () => {
  let own: TestServer;
  let sql: ReturnType<typeof rawSql>;
  beforeAll(async () => {
    own = await startTestServer();
    sql = rawSql(own);
    await own.mutate('register', { email: freshAddress(), password: goodPassword });
    own.clock.advance(40 * day);
  });
  afterAll(async () => {
    await sql.end();
    await own.stop();
  });

  it('one leaves the work to the instance already at it, without waiting', async () => {
    const other = await sql.reserve();
    await other`begin`;
    await other`select pg_advisory_xact_lock(7809634751936259451)`;
    const counts = await purgeExpired(own.app, { alone: true });
    expect(Object.values(counts).every((count) => count === 0)).toBe(true);
    await other`rollback`;
    other.release();
  });

  it('one does the work when no other instance does, and no row is done twice', async () => {
    const [one, two] = await Promise.all([
      purgeExpired(own.app, { alone: true }),
      purgeExpired(own.app, { alone: true }),
    ]);
    expect(one.unverifiedAccounts + two.unverifiedAccounts).toBe(1);
    const [left] = await sql`select count(*)::int as count from users`;
    expect(left?.['count']).toBe(0);
  });
});
