import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { outboxMessages } from '../../db/tables/outbox-messages.ts';
import { createResendMailer } from '../../mail/resend-mailer.ts';
import { createMetrics, formatMetrics, type Metrics } from '../../observability/metrics.ts';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { productionEnvironment, runCommand, strongKey } from '../../testing/command-line.ts';
import { createTestDatabase, type TestDatabase } from '../../testing/database.ts';
import { countOf } from '../../testing/metrics-page.ts';
import { createOutboxApp, enqueueMail } from '../../testing/outbox-app.ts';
import { rawSql } from '../../testing/raw-sql.ts';
import { type ResendStandIn, startResendStandIn } from '../../testing/resend-stand-in.ts';
import { startOutboxWorker } from './start-outbox-worker.ts';

const noRecipient = {
  status: 422,
  name: 'validation_error',
  message: 'Invalid `to` field. The email address needs to follow the `a@example.com` format.',
};
const patience = { timeout: 60_000, interval: 50 };
const mailer = (url: string) =>
  createResendMailer({
    apiKey: 're_key',
    baseUrl: url,
    from: 'no-reply@example.com',
    timeoutMs: 60_000,
  });

describe('X-39 what strangers can have refused speaks of no provider', () => {
  let resend: ResendStandIn;
  let server: TestServer;
  let metrics: Metrics;
  let sql: ReturnType<typeof rawSql>;
  beforeEach(async () => {
    resend = await startResendStandIn();
    metrics = await createMetrics();
    server = await startTestServer({
      config: { secretKeys: [strongKey] },
      mailer: mailer(resend.url),
      metrics,
    });
    sql = rawSql(server);
  });
  afterEach(async () => {
    await sql.end();
    await server.stop();
    await resend.close();
  });
  const register = (index: number) =>
    server.mutate('register', {
      email: `made-up-${index}@example.org`,
      password: 'correct horse battery staple 12',
      name: 'Nobody',
    });
  const page = async () => formatMetrics([await metrics.snapshot()]);
  const mails = async (outcome: string) =>
    countOf(await page(), 'latchkey_mails_total', { outcome });
  const mailFindings = async () => {
    const run = await runCommand(['doctor', '--json'], { env: productionEnvironment(server) });
    const { findings } = JSON.parse(run.stdout);
    return findings
      .filter(({ check }: { check: string }) => check === 'mail')
      .map(({ status, message }: Record<string, string>) => `${status}: ${message}`);
  };

  it('registrations of made-up addresses raise neither the alerts nor the doctor', async () => {
    resend.behave(noRecipient);
    for (let index = 0; index < 6; index += 1) await register(index);
    await vi.waitFor(async () => {
      const [row] = await sql`select count(*)::int as tried from outbox_messages
        where attempts > 1 or last_error is not null`;
      expect(row?.['tried']).toBe(6);
    }, patience);
    server.clock.advance(400);
    const text = await page();
    expect(countOf(text, 'latchkey_mail_refusals')).toBe(0);
    expect(countOf(text, 'latchkey_outbox_waiting')).toBeGreaterThan(0);
    expect(countOf(text, 'latchkey_outbox_oldest_seconds')).toBe(0);
    expect((await mailFindings())[0]).toMatch(/^warning: \d addresses that have proved nothing/);
    // Those that no refusal was believed of are given up as refused, not as expired.
    server.clock.advance(201);
    await vi.waitFor(async () => {
      const [row] = await sql`select count(*)::int as open from outbox_messages
        where sent_at is null and failed_at is null`;
      expect(row?.['open']).toBe(0);
    }, patience);
    expect(await mails('expired')).toBe(0);
    expect(await mails('refused')).toBeGreaterThanOrEqual(6);
  });

  it('but a provider that fails does, whatever the mails are', async () => {
    resend.behave({ status: 500 });
    for (let index = 0; index < 6; index += 1) await register(index);
    await vi.waitFor(
      async () => {
        // The clock of the probes.
        server.clock.advance(1);
        expect(countOf(await page(), 'latchkey_mail_refusals')).toBeGreaterThanOrEqual(5);
      },
      { ...patience, interval: 500 },
    );
    server.clock.advance(400);
    await vi.waitFor(async () => {
      expect(countOf(await page(), 'latchkey_outbox_oldest_seconds')).toBeGreaterThan(300);
    }, patience);
    await vi.waitFor(async () => {
      expect((await mailFindings())[0]).toMatch(/^failure: the provider refuses every mail/);
    }, patience);
  });
});

describe('X-39 what a process knew of the provider', () => {
  let test: TestDatabase;
  let resend: ResendStandIn;
  beforeAll(async () => {
    test = await createTestDatabase();
    resend = await startResendStandIn();
  });
  afterAll(async () => {
    await resend.close();
    await test.drop();
  });

  it('is no news when it gets no further mail, nor hours later', async () => {
    const app = createOutboxApp({ db: test.database.db, mailer: mailer(resend.url) });
    const enqueue = (to: string) =>
      enqueueMail(app, { to, locale: null, content: { template: 'step-up-code', code: '042719' } });
    resend.behave({ status: 500 });
    for (let index = 0; index < 5; index += 1) await enqueue(`u${index}@example.org`);
    const worker = startOutboxWorker(app, { pollSeconds: 0.05 });
    await vi.waitFor(() => expect(worker.refusals()).toBeGreaterThanOrEqual(5), patience);
    // The others of the row have expired meanwhile: another process sends what is new.
    app.clock.advance(600);
    await vi.waitFor(async () => {
      const rows = await test.database.db.select().from(outboxMessages);
      expect(rows.every(({ failedAt }) => failedAt !== null)).toBe(true);
    }, patience);
    app.clock.advance(121);
    expect(worker.refusals()).toBe(0);
    app.clock.advance(7200);
    await enqueue('late@example.org');
    worker.wake();
    await vi.waitFor(() => expect(worker.refusals()).toBe(1), patience);
    await worker.stop();
  });
});
