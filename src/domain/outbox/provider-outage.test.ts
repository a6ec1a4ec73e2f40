import { asc } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { outboxMessages } from '../../db/tables/outbox-messages.ts';
import { createResendMailer } from '../../mail/resend-mailer.ts';
import { createSmtpMailer } from '../../mail/smtp-mailer.ts';
import { createTestDatabase, type TestDatabase } from '../../testing/database.ts';
import { createOutboxApp, enqueueMail, type TestOutboxApp } from '../../testing/outbox-app.ts';
import { type ResendStandIn, startResendStandIn } from '../../testing/resend-stand-in.ts';
import { type SmtpStandIn, startSmtpStandIn } from '../../testing/smtp-stand-in.ts';
import { deliverDue } from './deliver-due.ts';
import { createProviderHealth, type ProviderHealth } from './provider-health.ts';
import { startOutboxWorker } from './start-outbox-worker.ts';

const noRecipient = {
  status: 422,
  name: 'validation_error',
  message: 'Invalid `to` field. The email address needs to follow the `a@example.com` format.',
};

describe('X-39 a mail provider in trouble', () => {
  let test: TestDatabase;
  let resend: ResendStandIn;
  let smtp: SmtpStandIn;
  let app: TestOutboxApp;
  let smtpApp: TestOutboxApp;
  let provider: ProviderHealth;

  beforeAll(async () => {
    test = await createTestDatabase();
  });
  afterAll(() => test.drop());
  beforeEach(async () => {
    const { db } = test.database;
    await db.delete(outboxMessages);
    resend = await startResendStandIn();
    smtp = await startSmtpStandIn({ startTls: false });
    provider = createProviderHealth({ width: 5 });
    app = createOutboxApp({ db, mailer: resendMailer(10_000) });
    smtpApp = createOutboxApp({
      db,
      mailer: createSmtpMailer({ url: `smtp://127.0.0.1:${smtp.port}`, from }),
      clock: app.clock,
    });
  });
  afterEach(async () => {
    await resend.close();
    await smtp.close();
  });

  const from = 'no-reply@example.com';
  const resendMailer = (timeoutMs: number) =>
    createResendMailer({ apiKey: 're_key', baseUrl: resend.url, from, timeoutMs });
  const enqueue = async (count: number, start = 0): Promise<void> => {
    for (let index = start; index < start + count; index += 1)
      await enqueueMail(app, {
        to: `u${index}@example.org`,
        locale: 'en',
        content: {
          template: 'refresh-reused',
          at: app.clock.now().toISOString(),
          device: 'Firefox on Linux',
          ipAddress: null,
        },
      });
  };
  const rows = () => app.db.select().from(outboxMessages).orderBy(asc(outboxMessages.id));
  const counts = async () => {
    const all = await rows();
    return {
      sent: all.filter(({ sentAt }) => sentAt !== null).length,
      givenUp: all.filter(({ failedAt }) => failedAt !== null).length,
    };
  };
  /** What the worker does for some seconds, by the test's clock. */
  const work = async (with_: TestOutboxApp, seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second += 1) {
      while ((await deliverDue(with_, { provider })).isMore);
      app.clock.advance(1);
    }
  };

  it.each([
    ['550 to every address', 550, '5.1.1 No such user'],
    ['554 to everyone', 554, '5.7.1 Relay access denied'],
    ['550 without more', 550, 'No such user'],
    ['552 to everyone', 552, '5.2.2 Mailbox full'],
  ])('an hour of %s loses no mail, and it goes out within seconds', async (_, status, words) => {
    smtp.refuseRecipients(status, words);
    await enqueue(12);
    await work(smtpApp, 10);
    app.clock.advance(3500);
    await work(smtpApp, 5);
    expect(await counts()).toEqual({ sent: 0, givenUp: 0 });
    expect(provider.refusals()).toBeGreaterThanOrEqual(5);
    expect(smtpApp.logLines.join('')).toContain('The mail provider refuses every mail');
    smtp.refuseRecipients(null);
    await work(smtpApp, 10);
    expect(await counts()).toEqual({ sent: 12, givenUp: 0 });
    expect(smtp.mails).toHaveLength(12);
    expect(smtpApp.logLines.join('')).toContain('The mail provider takes mail again.');
  });

  it('an hour of 550 to the content loses no mail', async () => {
    smtp.refuseMessages(550, '5.7.1 Message refused');
    await enqueue(7);
    await work(smtpApp, 8);
    smtp.refuseMessages(null);
    app.clock.advance(3540);
    await work(smtpApp, 10);
    expect(await counts()).toEqual({ sent: 7, givenUp: 0 });
  });

  it.each([
    { status: 500 },
    { status: 401 },
    { status: 403 },
    { status: 422 },
    { status: 422, name: 'invalid_from_address', message: 'Invalid `from` field.' },
    noRecipient,
    'hang' as const,
  ])('probes one at a time while it answers %j, and loses nothing', async (behaviour) => {
    if (behaviour === 'hang') app = { ...app, mailer: resendMailer(150) } as TestOutboxApp;
    await enqueue(8);
    resend.behave(behaviour);
    await deliverDue(app, { provider });
    expect(provider.refusals()).toBe(5);
    app.clock.advance(2);
    resend.behave(behaviour);
    const before = resend.requests.length;
    await work(app, 6);
    expect(resend.atOnce()).toBe(1);
    expect(resend.requests.length - before).toBeLessThanOrEqual(13);
    expect(await counts()).toEqual({ sent: 0, givenUp: 0 });
    resend.behave('take');
    app = { ...app, mailer: resendMailer(10_000) } as TestOutboxApp;
    await work(app, 7);
    expect(await counts()).toEqual({ sent: 8, givenUp: 0 });
    expect(resend.mails.size).toBe(8);
  });

  it('a single mail goes out within seconds of an outage, not at its next attempt', async () => {
    await enqueue(1);
    resend.behave({ status: 500 });
    await work(app, 60);
    app.clock.advance(3500);
    await work(app, 60);
    expect((await rows())[0]?.attempts).toBeLessThan(70);
    resend.behave('take');
    await work(app, 6);
    expect(await counts()).toEqual({ sent: 1, givenUp: 0 });
  });

  it.each([
    [552, '5.2.2 Mailbox full'],
    [550, '5.2.1 Mailbox disabled'],
    [550, '5.7.1 The recipient takes no mail of yours'],
    [554, '5.7.1 Message blocked by the policy of the recipient'],
  ])('a mailbox that says %i %s holds up no other, and gets its mail later', async (...refusal) => {
    const address = 'u0@example.org';
    smtp.refuseMailbox(address, ...refusal);
    for (let mail = 0; mail < 6; mail += 1) await enqueue(1);
    await enqueue(20, 1);
    await work(smtpApp, 1);
    expect(await counts()).toEqual({ sent: 20, givenUp: 0 });
    expect(provider.refusals()).toBeLessThan(2);
    expect(provider.turn(app.clock.now())).toEqual({ limit: 5, order: 'longestWaiting' });
    // Others go on, and make nothing of it due before its time: 0, 30, 90, 210, 450 s and later.
    for (let minute = 0; minute < 10; minute += 1) {
      await enqueue(1, 100 + minute);
      await work(smtpApp, 60);
    }
    const waiting = (await rows()).filter(({ sentAt }) => sentAt === null);
    expect(waiting).toHaveLength(6);
    for (const { attempts } of waiting) expect(attempts).toBeLessThanOrEqual(5);
    expect(smtpApp.logLines.join('')).not.toContain('The mail provider refuses every mail');
    smtp.refuseMailbox(address, null);
    await work(smtpApp, 900);
    expect(await counts()).toEqual({ sent: 36, givenUp: 0 });
  });

  it('five mailboxes that refuse are the provider, five times one is not', async () => {
    const refuse = async (index: number) => {
      smtp.refuseMailbox(`u${index}@example.org`, 552, '5.2.2 Mailbox full');
      await enqueue(1, index);
      await deliverDue(smtpApp, { provider });
    };
    for (const index of [0, 1, 2, 3, 0, 1, 2, 3, 0]) await refuse(index);
    expect(provider.refusals()).toBe(4);
    await refuse(4);
    expect(provider.refusals()).toBe(5);
    expect(smtpApp.logLines.join('')).toContain('The mail provider refuses every mail');
  });

  it('what the first four were believed is taken back, too', async () => {
    smtp.refuseRecipients(552, '5.2.2 Mailbox full');
    for (let index = 0; index < 5; index += 1) {
      await enqueue(1, index);
      await work(smtpApp, 1);
    }
    smtp.refuseRecipients(null);
    await work(smtpApp, 5);
    expect(await counts()).toEqual({ sent: 5, givenUp: 0 });
  });

  it('probes with the newest mail, and lets what waited go before no new one', async () => {
    await enqueue(60);
    resend.behave({ status: 500 });
    await work(app, 60);
    await enqueue(1, 98);
    app.clock.advance(2);
    resend.behave('take');
    const first = async (limit: number, index: number) => {
      while (resend.mails.size < limit) await deliverDue(app, { provider });
      return [...resend.mails.values()]
        .flatMap((mail) => mail['to'])
        .slice(0, limit)
        .includes(`u${index}@example.org`);
    };
    expect(await first(1, 98)).toBe(true);
    // Everything that waits is released by now.
    app.clock.advance(1);
    await enqueue(1, 99);
    expect(await first(20, 99)).toBe(true);
    await work(app, 7);
    expect(await counts()).toEqual({ sent: 62, givenUp: 0 });
  });

  it('a mail that always fails is not tried again with each that is taken', async () => {
    const { send } = app.mailer;
    const picky = {
      ...app,
      mailer: {
        ...app.mailer,
        send: (mail: Parameters<typeof send>[0]) => {
          resend.behave(mail.to.startsWith('u0@') ? { status: 500 } : 'take');
          return send(mail);
        },
      },
    } as TestOutboxApp;
    await enqueue(1);
    await work(picky, 1);
    for (let index = 1; index <= 60; index += 1) {
      await enqueue(1, index);
      await work(picky, 10);
    }
    expect(await counts()).toEqual({ sent: 60, givenUp: 0 });
    const failing = (await rows()).find(({ sentAt }) => sentAt === null);
    expect(failing?.attempts).toBeLessThan(60);
  });

  it('does not probe with what waits for something else', async () => {
    await enqueue(1);
    await app.db.update(outboxMessages).set({ kind: 'webhook' });
    await deliverDue(app, { provider });
    await enqueue(1, 1);
    resend.behave({ status: 500 });
    await work(app, 20);
    const all = await rows();
    const other = all.find(({ kind }) => kind !== 'mail');
    expect(other).toMatchObject({ attempts: 1, lastError: 'unknown_kind' });
    expect(all.find(({ kind }) => kind === 'mail')?.attempts).toBeGreaterThan(10);
  });

  it('422 for no valid recipient and 550 5.1.1 are permanent while others are taken', async () => {
    await enqueue(1);
    await work(app, 1);
    resend.behave(noRecipient);
    await enqueue(1, 1);
    await work(app, 1);
    resend.behave('take');
    await work(app, 100);
    expect(await counts()).toEqual({ sent: 1, givenUp: 1 });
    expect(resend.requests).toHaveLength(2);
    smtp.refuseRecipients(550, '5.1.1 No such user');
    await enqueue(1, 2);
    await work(smtpApp, 1);
    smtp.refuseRecipients(null);
    await work(smtpApp, 100);
    expect(await counts()).toEqual({ sent: 1, givenUp: 2 });
    const [, refused] = await rows();
    expect(refused).toMatchObject({ lastError: 'http_422', sealedPayload: null });
  });

  it('addresses that are wrong do not hold up those that are right', async () => {
    const { send } = app.mailer;
    resend.behave(noRecipient);
    const picky = {
      ...app,
      mailer: {
        ...app.mailer,
        send: (mail: Parameters<typeof send>[0]) => {
          resend.behave(mail.to.startsWith('u99') ? 'take' : noRecipient);
          return send(mail);
        },
      },
    } as TestOutboxApp;
    await enqueue(20);
    await enqueue(1, 99);
    // Without a pause: one turn of the worker reaches what is behind them.
    await work({ ...picky, clock: app.clock }, 1);
    expect((await counts()).sent).toBe(1);
  });

  it('429 is waited for as asked, and not answered with five at a time again', async () => {
    await enqueue(20);
    resend.behave({ status: 429, retryAfter: 7 });
    await deliverDue(app, { provider });
    expect(resend.requests).toHaveLength(5);
    await work(app, 6);
    expect(resend.requests).toHaveLength(5);
    resend.behave('take');
    await work(app, 10);
    expect(resend.atOnce()).toBe(1);
    expect(await counts()).toEqual({ sent: 20, givenUp: 0 });
    // More at a time again, little by little.
    app.clock.advance(60);
    await enqueue(10, 20);
    resend.behave('take');
    await work(app, 2);
    expect(resend.atOnce()).toBeLessThanOrEqual(3);
  });

  it('Retry-After as a date is waited for too', async () => {
    await enqueue(1);
    const date = new Date(Date.now() + 20_000).toUTCString();
    resend.behave({ status: 503, retryAfter: date });
    await work(app, 15);
    expect(resend.requests).toHaveLength(1);
    resend.behave('take');
    await work(app, 8);
    expect(await counts()).toEqual({ sent: 1, givenUp: 0 });
  });

  it('two instances each find out by themselves, and send each mail once', async () => {
    const other = createOutboxApp({ db: app.db, mailer: app.mailer });
    const one = createOutboxApp({ db: app.db, mailer: app.mailer, clock: other.clock });
    resend.behave({ status: 500 });
    await enqueue(15);
    other.clock.set(new Date(app.clock.now().getTime() + 1000));
    const workers = [one, other].map((each) => startOutboxWorker(each, { pollSeconds: 0.05 }));
    await vi.waitFor(() => expect(workers.map((each) => each.refusals() >= 5)).toContain(true), {
      timeout: 20_000,
    });
    resend.behave('take');
    await vi.waitFor(
      async () => {
        other.clock.advance(1);
        expect(await counts()).toEqual({ sent: 15, givenUp: 0 });
      },
      { timeout: 30_000, interval: 100 },
    );
    await Promise.all(workers.map((each) => each.stop()));
    expect(resend.mails.size).toBe(15);
  });
});
