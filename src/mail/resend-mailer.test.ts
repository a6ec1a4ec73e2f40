import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ResendStandIn, startResendStandIn } from '../testing/resend-stand-in.ts';
import type { Mail, Mailer } from './mailer.ts';
import { createResendMailer } from './resend-mailer.ts';

const mail: Mail = {
  id: '0193f5f0-0000-7000-8000-000000000001',
  to: 'ada@example.org',
  subject: 'Your sign-in code',
  text: '042719\n',
  html: '<p>042719</p>',
};
const apiKey = 're_secret_key';

describe('mail by Resend', () => {
  let resend: ResendStandIn;
  let mailer: Mailer;
  const mailerWith = ({ timeoutMs }: { timeoutMs: number }): Mailer =>
    createResendMailer({
      apiKey,
      baseUrl: resend.url,
      from: 'Latchkey <no-reply@example.com>',
      timeoutMs,
    });

  beforeEach(async () => {
    resend = await startResendStandIn();
    mailer = mailerWith({ timeoutMs: 10_000 });
  });
  afterEach(() => resend.close());

  it.each(['a@x.org,b@evil.example', 'a@x.org\r\nBcc: b@evil.example', 'Ada <a@x.org>'])(
    'EM-2 ADV-19 sends no request for %j',
    async (to) => {
      await expect(mailer.send({ ...mail, to })).rejects.toMatchObject({
        reason: 'refused_recipient',
      });
      expect(resend.requests).toHaveLength(0);
    },
  );

  it.each([500, 503, 401, 403, 422])(
    'EM-5 rejects at status %i, without key, address or body in the error',
    async (status) => {
      resend.behave({ status });
      const failure: unknown = await mailer.send(mail).catch((error: unknown) => error);
      expect(failure).toMatchObject({ reason: `http_${status}`, permanent: false });
      const stack = failure instanceof Error ? failure.stack : '';
      const shown = `${String(failure)} ${JSON.stringify(failure)} ${stack}`;
      for (const secret of [apiKey, mail.to, '042719']) expect(shown).not.toContain(secret);
      expect(failure).not.toHaveProperty('cause');
    },
  );

  it('EM-5 rejects after the timeout if no answer comes', async () => {
    resend.behave('hang');
    await expect(mailerWith({ timeoutMs: 300 }).send(mail)).rejects.toMatchObject({
      reason: 'timeout',
    });
    expect(resend.requests).toHaveLength(1);
  });

  it('rejects if the connection is refused', async () => {
    await resend.close();
    await expect(mailer.send(mail)).rejects.toMatchObject({ reason: 'unreachable' });
  });

  it('reports the delay that the provider requests before a retry', async () => {
    resend.behave({ status: 429, retryAfter: 2 });
    await expect(mailer.send(mail)).rejects.toMatchObject({ reason: 'http_429', retryAfter: 2 });
  });

  it('EM-5 uses the id of the mail as the idempotency key, on a retry too', async () => {
    await mailer.send(mail);
    await mailer.send(mail);
    expect(resend.requests.map(({ idempotencyKey }) => idempotencyKey)).toEqual([mail.id, mail.id]);
    expect(resend.requests[0]?.authorization).toBe(`Bearer ${apiKey}`);
    expect([...resend.mails.values()]).toEqual([
      {
        from: 'Latchkey <no-reply@example.com>',
        to: ['ada@example.org'],
        subject: 'Your sign-in code',
        text: '042719\n',
        html: '<p>042719</p>',
        headers: { 'Auto-Submitted': 'auto-generated' },
      },
    ]);
  });

  it('EM-5 treats a key reused with another body as sent, as after an upgrade', async () => {
    await mailer.send(mail);
    await expect(mailer.send({ ...mail, text: 'other words, 042719\n' })).resolves.toBeUndefined();
    expect(resend.mails.size).toBe(1);
  });
});
