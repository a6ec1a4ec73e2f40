import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { secondsAfter } from '../../clock.ts';
import { leaseDueMessages, markMessageFailed, postponeMessage } from '../../db/queries/outbox.ts';
import { outboxMessages } from '../../db/tables/outbox-messages.ts';
import { createResendMailer } from '../../mail/resend-mailer.ts';
import { createSmtpMailer } from '../../mail/smtp-mailer.ts';
import { createTestDatabase, type TestDatabase } from '../../testing/database.ts';
import { createOutboxApp, enqueueMail, type TestOutboxApp } from '../../testing/outbox-app.ts';
import { type ResendStandIn, startResendStandIn } from '../../testing/resend-stand-in.ts';
import { startSmtpStandIn } from '../../testing/smtp-stand-in.ts';
import { deliverDue } from './deliver-due.ts';
import { enqueueNothing } from './enqueue-email.ts';
import { createProviderHealth, type ProviderHealth } from './provider-health.ts';

const to = 'ada@example.org';
const code = '042719';

describe('delivery from the outbox', () => {
  let test: TestDatabase;
  let resend: ResendStandIn;
  let app: TestOutboxApp;
  let provider: ProviderHealth;

  beforeAll(async () => {
    test = await createTestDatabase();
  });
  afterAll(() => test.drop());
  beforeEach(async () => {
    await test.database.db.delete(outboxMessages);
    resend = await startResendStandIn();
    provider = createProviderHealth({ width: 5 });
    app = createOutboxApp({ db: test.database.db, mailer: resendMailer(2000) });
  });
  afterEach(() => resend.close());

  const resendMailer = (timeoutMs: number) =>
    createResendMailer({
      apiKey: 're_key',
      baseUrl: resend.url,
      from: 'no-reply@example.com',
      timeoutMs,
    });
  const enqueueCode = (recipient = to) =>
    enqueueMail(app, {
      to: recipient,
      locale: 'en',
      content: { template: 'step-up-code', code },
    });
  const enqueueNotice = () =>
    enqueueMail(app, {
      to,
      locale: null,
      content: {
        template: 'refresh-reused',
        at: app.clock.now().toISOString(),
        device: 'Firefox on Linux',
        ipAddress: null,
      },
    });
  const onlyRow = async () => {
    const rows = await app.db.select().from(outboxMessages);
    const [row] = rows;
    if (!row || rows.length !== 1) throw new Error(`There are ${rows.length} rows.`);
    return row;
  };

  it.each(['a@x.org,b@evil.example', 'a@x.org\r\nBcc: b@evil.example', 'Ada <a@x.org>', ''])(
    'EM-2 ADV-19 sends nothing where the recipient is %j, and does not retry',
    async (recipient) => {
      await enqueueCode(recipient);
      await deliverDue(app, { provider });
      expect(resend.requests).toHaveLength(0);
      expect(await onlyRow()).toMatchObject({
        sentAt: null,
        sealedPayload: null,
        lastError: 'refused_recipient',
        failedAt: app.clock.now(),
      });
    },
  );

  it('EN-2 drops decoy rows', async () => {
    await app.transaction((db) => enqueueNothing(app, { db, purpose: 'sign-in' }));
    expect(await deliverDue(app, { provider })).toMatchObject({ taken: 1 });
    expect(resend.requests).toHaveLength(0);
    expect(await onlyRow()).toMatchObject({ sentAt: app.clock.now(), sealedPayload: null });
  });

  it('EM-4 DP-2 sends the code only in the body, and keeps nothing of the mail', async () => {
    await enqueueCode();
    await deliverDue(app, { provider });
    const row = await onlyRow();
    expect(row).toMatchObject({
      sentAt: app.clock.now(),
      sealedPayload: null,
      lastError: null,
      attempts: 1,
    });
    const [mail] = resend.mails.values();
    expect(mail).toMatchObject({ to: [to], subject: 'Confirm that it is you' });
    expect(mail?.['text']).toContain(`\n${code}\n`);
    expect(mail?.['html']).toContain(code);
    expect(resend.requests[0]?.idempotencyKey).toBe(row.id);
    expect(await deliverDue(app, { provider })).toMatchObject({ taken: 0 });
  });

  it('EM-3 ADV-20 sends a name as text, and omits one that contains an address', async () => {
    for (const name of ['<img src=x onerror=alert(1)>', 'see http://evil']) {
      const link = 'https://app.example.com/verify?challenge=x#code=042719';
      await enqueueMail(app, {
        to,
        locale: 'en',
        content: { template: 'verify-email', code, link, name },
      });
    }
    await deliverDue(app, { provider });
    expect(resend.mails.size).toBe(2);
    const all = [...resend.mails.values()]
      .map((mail) => String(mail['html']) + String(mail['text']))
      .join();
    expect(all).toContain('&lt;img src=x onerror=alert(1)&gt;');
    expect([...resend.mails.values()].map((mail) => String(mail['html'])).join()).not.toContain(
      '<img',
    );
    expect(all).not.toContain('evil');
  });

  it('EM-1 EM-6 ADV-1 sends no mail with a link that leads elsewhere', async () => {
    await enqueueMail(app, {
      to,
      locale: 'en',
      content: { template: 'login-code', code, link: 'https://evil.example/' },
    });
    await deliverDue(app, { provider });
    expect(resend.requests).toHaveLength(0);
    expect(await onlyRow()).toMatchObject({ lastError: 'not_rendered', sentAt: null });
  });

  it('EM-5 delivers a notice once after an hour of outage, with one idempotency key', async () => {
    await enqueueNotice();
    resend.behave({ status: 500 });
    const tries: number[] = [];
    for (let second = 0; second < 3600; second += 30) {
      const { taken } = await deliverDue(app, { provider });
      if (taken > 0) tries.push(second);
      app.clock.advance(30);
    }
    // A provider that fails is probed with what there is, so that mail goes out soon after.
    expect(tries).toHaveLength(120);
    expect(await onlyRow()).toMatchObject({ sentAt: null, failedAt: null, lastError: 'http_500' });

    resend.behave('take');
    for (let minute = 0; minute < 20; minute += 1) {
      await deliverDue(app, { provider });
      app.clock.advance(60);
    }
    expect(resend.mails.size).toBe(1);
    expect(new Set(resend.requests.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(1);
    expect(resend.requests).toHaveLength(tries.length + 1);
    expect(await onlyRow()).toMatchObject({ sealedPayload: null, lastError: null, failedAt: null });
  });

  it('EM-5 sends one mail when the provider’s answer was lost', async () => {
    await enqueueCode();
    resend.behave('take-and-hang');
    await deliverDue(app, { provider });
    expect(await onlyRow()).toMatchObject({ sentAt: null, lastError: 'timeout', attempts: 1 });
    resend.behave('take');
    app.clock.advance(60);
    await deliverDue(app, { provider });
    expect(resend.requests).toHaveLength(2);
    expect(resend.mails.size).toBe(1);
    expect(await onlyRow()).toMatchObject({ sentAt: app.clock.now() });
  });

  it.each(['hang', { status: 503 }] as const)(
    'EM-5 gives up a code that has expired (provider: %j)',
    async (behaviour) => {
      const mailer = resendMailer(150);
      const impatient = { ...app, mailer };
      await enqueueCode();
      resend.behave(behaviour);
      for (let second = 0; second < 900; second += 30) {
        await deliverDue(impatient, { provider });
        app.clock.advance(30);
      }
      const row = await onlyRow();
      expect(row).toMatchObject({ sentAt: null, sealedPayload: null, failedAt: expect.any(Date) });
      expect(row.failedAt?.getTime()).toBeLessThanOrEqual(row.expiresAt.getTime());
      const asked = resend.requests.length;
      resend.behave('take');
      await deliverDue(app, { provider });
      expect(resend.requests).toHaveLength(asked);
      expect(resend.mails.size).toBe(0);
    },
  );

  it('EM-5 does not send what expired while no worker ran', async () => {
    await enqueueCode();
    app.clock.advance(601);
    await deliverDue(app, { provider });
    expect(resend.requests).toHaveLength(0);
    expect(await onlyRow()).toMatchObject({ lastError: 'expired', sealedPayload: null });
  });

  it('EM-5 sends what a crash left between the commit and the first worker', async () => {
    await enqueueCode();
    const restarted = createOutboxApp({
      db: test.database.db,
      mailer: app.mailer,
      clock: app.clock,
    });
    await deliverDue(restarted, { provider });
    expect(resend.mails.size).toBe(1);
  });

  it('EM-5 sends what a crashed worker held when its lease expires, not before', async () => {
    await enqueueCode();
    const now = app.clock.now();
    expect(
      await leaseDueMessages(app.db, { now, leaseUntil: secondsAfter(now, 60), limit: 5 }),
    ).toHaveLength(1);
    app.clock.advance(59);
    expect(await deliverDue(app, { provider })).toMatchObject({ taken: 0 });
    app.clock.advance(1);
    expect(await deliverDue(app, { provider })).toMatchObject({ taken: 1 });
    expect(resend.mails.size).toBe(1);
    expect(await onlyRow()).toMatchObject({ attempts: 2, sentAt: app.clock.now() });
  });

  it('EM-5 a late worker cannot fail or postpone what another has taken since', async () => {
    await enqueueCode();
    const now = app.clock.now();
    const [late] = await leaseDueMessages(app.db, { now, leaseUntil: now, limit: 5 });
    const [fresh] = await leaseDueMessages(app.db, {
      now,
      leaseUntil: secondsAfter(now, 60),
      limit: 5,
    });
    if (!late || !fresh) throw new Error('The row was not taken twice.');
    await markMessageFailed(app.db, {
      id: late.id,
      attempts: late.attempts,
      now,
      lastError: 'late',
    });
    await postponeMessage(app.db, {
      id: late.id,
      attempts: late.attempts,
      availableAt: now,
      lastError: 'late',
      waitsForProvider: true,
    });
    expect(await onlyRow()).toMatchObject({
      failedAt: null,
      lastError: null,
      availableAt: secondsAfter(now, 60),
      attempts: 2,
    });
  });

  it('takes no more than the limit, the longest waiting first', async () => {
    for (let count = 0; count < 7; count += 1) {
      await enqueueCode(`u${count}@example.org`);
      app.clock.advance(1);
    }
    expect(await deliverDue(app, { provider: createProviderHealth({ width: 3 }) })).toMatchObject({
      taken: 3,
    });
    expect([...resend.mails.values()].flatMap((mail) => mail['to']).sort()).toEqual([
      'u0@example.org',
      'u1@example.org',
      'u2@example.org',
    ]);
  });

  it('EM-5 a row that cannot be decrypted stops no other', async () => {
    await enqueueCode();
    const { id } = await onlyRow();
    await app.db.update(outboxMessages).set({ sealedPayload: Buffer.alloc(1100) });
    await enqueueNotice();
    await deliverDue(app, { provider });
    expect(resend.mails.size).toBe(1);
    const rows = await app.db.select().from(outboxMessages);
    expect(rows.find((row) => row.id === id)).toMatchObject({
      sentAt: null,
      failedAt: null,
      lastError: 'not_opened',
    });
  });

  it('EM-5 takes rows of a version without kinds for mails', async () => {
    await enqueueCode();
    const { kind, ...old } = await onlyRow();
    expect(kind).toBe('mail');
    await app.db.delete(outboxMessages);
    await app.db.insert(outboxMessages).values(old);
    await deliverDue(app, { provider });
    expect(resend.mails.size).toBe(1);
  });

  it('EM-5 never sends an unknown kind as mail, but leaves it to a newer version', async () => {
    await enqueueCode();
    await app.db.update(outboxMessages).set({ kind: 'webhook' });
    const { id } = await onlyRow();
    await enqueueNotice();
    await deliverDue(app, { provider });
    expect(resend.mails.size).toBe(1);
    const webhook = async () =>
      (await app.db.select().from(outboxMessages)).find((row) => row.id === id);
    expect(await webhook()).toMatchObject({
      attempts: 1,
      sentAt: null,
      failedAt: null,
      lastError: 'unknown_kind',
      sealedPayload: expect.any(Uint8Array),
    });
    app.clock.advance(601);
    await deliverDue(app, { provider });
    expect(resend.mails.size).toBe(1);
    expect(await webhook()).toMatchObject({ lastError: 'expired', sealedPayload: null });
    expect(app.logLines.join('')).toContain('A webhook was given up.');
  });

  it('EM-5 a transport that never answers does not hold the row beyond its lease', async () => {
    await enqueueCode();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const send = () => {
      queueMicrotask(() => vi.advanceTimersByTime(45_000));
      return new Promise<never>(() => {});
    };
    await deliverDue(
      { ...app, mailer: { name: 'smtp', send, close: async () => {} } },
      { provider },
    ).finally(() => vi.useRealTimers());
    expect(await onlyRow()).toMatchObject({ sentAt: null, failedAt: null, lastError: 'timeout' });
  });

  it('X-5 what is over the limit of the day waits, for its purpose alone', async () => {
    const link = 'https://app.example.com/reset-password#token=x';
    for (let n = 0; n < 2; n += 1)
      await enqueueMail(app, { to, locale: 'en', content: { template: 'password-reset', link } });
    await enqueueCode();
    await enqueueNotice();
    const rateLimits = { 'mail:day': { limit: 1 / 1000, window: 86_400 } };
    const limited = { ...app, config: { ...app.config, rateLimits } };
    await deliverDue(limited, { provider });
    expect(resend.mails.size).toBe(3);
    const waiting = async () =>
      (await app.db.select().from(outboxMessages)).filter(({ sentAt }) => sentAt === null);
    expect(await waiting()).toMatchObject([{ failedAt: null, lastError: 'over_limit' }]);
    // Every attempt of the day is counted, not only the first.
    for (let quarter = 1; quarter < 96; quarter += 1) {
      app.clock.advance(900);
      await deliverDue(limited, { provider });
      expect(resend.mails.size).toBe(3);
    }
    expect(await waiting()).toMatchObject([{ failedAt: null, lastError: 'over_limit' }]);
    app.clock.advance(1800);
    await deliverDue(limited, { provider });
    expect(resend.mails.size).toBe(4);
    expect(await waiting()).toEqual([]);
  });

  it('X-5 a mail that was counted and not taken is not counted again', async () => {
    const link = 'https://app.example.com/verify#token=x';
    await enqueueMail(app, { to, locale: 'en', content: { template: 'login-code', code, link } });
    const rateLimits = { 'mail:day': { limit: 1 / 1000, window: 86_400 } };
    const limited = { ...app, config: { ...app.config, rateLimits } };
    resend.behave({ status: 500 });
    await deliverDue(limited, { provider });
    expect(await onlyRow()).toMatchObject({ sentAt: null, lastError: 'http_500' });
    resend.behave('take');
    app.clock.advance(60);
    await deliverDue(limited, { provider });
    expect(resend.mails.size).toBe(1);
  });

  it('waits as long as the provider asks', async () => {
    await enqueueCode();
    resend.behave({ status: 429, retryAfter: 2 });
    await deliverDue(app, { provider });
    resend.behave('take');
    app.clock.advance(3);
    await deliverDue(app, { provider });
    expect(resend.mails.size).toBe(1);
  });

  it('EM-5 logs why a mail was refused, without recipient, code or provider text', async () => {
    await enqueueCode();
    resend.behave({ status: 500 });
    for (let minute = 0; minute < 12; minute += 1) {
      await deliverDue(app, { provider });
      app.clock.advance(60);
    }
    const log = app.logLines.join('');
    expect(log).toContain('"reason":"http_500"');
    expect(log).toContain('A mail was given up.');
    for (const secret of [to, 'example.org', code, 're_key', 'Refused'])
      expect(log).not.toContain(secret);
  });

  it('also sends by SMTP, with the same id', async () => {
    const smtp = await startSmtpStandIn({ startTls: false });
    const mailer = createSmtpMailer({
      url: `smtp://127.0.0.1:${smtp.port}`,
      from: 'no-reply@example.com',
    });
    await enqueueCode();
    await deliverDue({ ...app, mailer }, { provider });
    await smtp.close();
    expect(smtp.mails).toHaveLength(1);
    expect(smtp.mails[0]?.raw).toContain(`Message-ID: <${(await onlyRow()).id}@example.com>`);
    expect(smtp.mails[0]?.raw).toMatch(new RegExp(`\r\n${code}\r\n`));
  });
});
