import Fastify, { type FastifyInstance } from 'fastify';
import { describe, expect, it } from 'vitest';
import { allTools } from '../../testing/tools.ts';
import type { DeliveredMail } from './mailbox.page.ts';
import { mailboxRoute } from './mailbox.route.ts';

function openServer(mails: readonly DeliveredMail[]): FastifyInstance {
  const fastify = Fastify();
  mailboxRoute(fastify, { list: () => mails, tools: allTools });
  return fastify;
}

function mail(change: Partial<DeliveredMail> = {}): DeliveredMail {
  return {
    id: '1',
    at: '2026-01-02T03:04:05.678Z',
    to: 'ada@example.com',
    subject: 'Your code',
    text: 'Your code:\n\n012345\n\nIt lives 10 minutes.\n',
    html: '<p>Your code: <b>012345</b></p>',
    ...change,
  };
}

describe('mailboxRoute', () => {
  const hostile = `" onclick="1"'><script>alert(1)</script><img src=x onerror=alert(2)>&amp;`;

  it.each(['id', 'at', 'to', 'subject', 'text', 'html'] as const)(
    'shows a hostile %s as text only',
    async (field) => {
      const fastify = openServer([mail({ [field]: hostile })]);
      const id = field === 'id' ? encodeURIComponent(hostile) : '1';
      for (const url of ['/dev/mailbox', `/dev/mailbox/${id}`]) {
        const { statusCode, body } = await fastify.inject(url);
        expect(statusCode).toBe(200);
        expect(body).not.toContain('<script>');
        expect(body).not.toContain('<img');
        expect(body).not.toContain('" onclick="');
      }
    },
  );

  it('makes links only for http and https', async () => {
    const text =
      'javascript:alert(1) javascript://a%0aalert(1) data:text/html,x ' +
      'https://app.example/a?b=c&d=e#code=012345 "http://b.example/"';
    const { body } = await openServer([mail({ text })]).inject('/dev/mailbox/1');
    const pre = /<pre.*<\/pre>/s.exec(body)?.[0] ?? '';
    const links = [...pre.matchAll(/href="([^"]*)"/g)].map((match) => match[1]);
    expect(links).toEqual(['https://app.example/a?b=c&amp;d=e#code=012345', 'http://b.example/']);
  });

  it('PG-1 PG-2 has nothing inline, and a policy that allows nothing inline', async () => {
    for (const url of ['/dev/mailbox', '/dev/mailbox/1', '/dev/mailbox/none']) {
      const { body, headers } = await openServer([mail()]).inject(url);
      expect(body).not.toMatch(/<style|\sstyle=|<script(?! src=)|\son\w+=|srcdoc/i);
      const policy = String(headers['content-security-policy']).split('; ');
      expect(policy).toEqual([
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "connect-src 'self'",
        "frame-src 'self'",
      ]);
      expect(headers['cross-origin-opener-policy']).toBe('same-origin');
      expect(headers['referrer-policy']).toBe('same-origin');
    }
  });

  it('shows the HTML part as a document of its own, where nothing runs or loads', async () => {
    const fastify = openServer([mail()]);
    const { body } = await fastify.inject('/dev/mailbox/1');
    const [frame = ''] = /<iframe [^>]*>/.exec(body) ?? [];
    expect(frame).toContain('sandbox="allow-popups allow-popups-to-escape-sandbox"');
    expect(frame).toContain('src="/dev/mailbox/1/html"');
    const part = await fastify.inject('/dev/mailbox/1/html');
    expect(part.body).toBe('<base target="_blank"><p>Your code: <b>012345</b></p>');
    expect(part.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(part.headers['content-security-policy']).toBe(
      "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; " +
        "frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox",
    );
    expect((await fastify.inject('/dev/mailbox/2/html')).statusCode).toBe(404);
  });

  it('opens links beside the mailbox, whatever the mail says', async () => {
    const html =
      '<!doctype html>\n<html lang="ar" dir="rtl"><head><base target="_top"></head></html>';
    const { body } = await openServer([mail({ html })]).inject('/dev/mailbox/1/html');
    // The first element counts (HTML, 4.2.3).
    expect(body).toBe(html.replace('<!doctype html>', '$&<base target="_blank">'));
  });

  it('answers 404 for an unknown mail', async () => {
    const { statusCode, body } = await openServer([mail()]).inject('/dev/mailbox/2');
    expect(statusCode).toBe(404);
    expect(body).toContain('No such mail');
  });

  it('returns the mails as JSON, with an ETag that changes with the newest', async () => {
    const mails = [mail({ id: '2', subject: 'Second' }), mail()];
    const answer = await openServer(mails).inject('/dev/mailbox.json');
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(answer.json()).toEqual(mails);
    const tags = await Promise.all(
      [mails, [mail()], []].map(async (list) => {
        const head = await openServer(list).inject({ method: 'HEAD', url: '/dev/mailbox.json' });
        return head.headers.etag;
      }),
    );
    expect(tags).toEqual(['"2"', '"1"', '"empty"']);
  });

  it('lists time, recipient, subject and code, the newest first', async () => {
    const second = mail({
      id: '2',
      subject: 'Your password was changed',
      text: 'It is 123456 changes.\n1234567\n',
    });
    const { body } = await openServer([second, mail()]).inject('/dev/mailbox');
    expect(body.indexOf('Your password was changed')).toBeLessThan(body.indexOf('Your code'));
    expect(body).toContain('<a href="/dev/mailbox/1">Your code</a>');
    expect(body).toContain('ada@example.com');
    expect(body).toContain(
      '<time datetime="2026-01-02T03:04:05.678Z">2026-01-02 03:04:05 UTC</time>',
    );
    expect([...body.matchAll(/class="code"[^>]*>(\d+)</g)].map((match) => match[1])).toEqual([
      '012345',
    ]);
  });

  it('tells a newcomer what will appear, and how to get the first', async () => {
    const { body } = await openServer([]).inject('/dev/mailbox');
    expect(body).toContain('No mail yet');
    expect(body).toContain('<a href="/account/register">Create an account</a>');
  });
});
