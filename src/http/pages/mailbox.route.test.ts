import Fastify, { type FastifyInstance } from 'fastify';
import { describe, expect, it } from 'vitest';
import type { DeliveredMail } from './mailbox.page.ts';
import { mailboxRoute } from './mailbox.route.ts';

function openServer(mails: readonly DeliveredMail[]): FastifyInstance {
  const fastify = Fastify();
  mailboxRoute(fastify, { list: () => mails });
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

  it('shows the HTML part in an empty sandbox, without inline scripts', async () => {
    const { body, headers } = await openServer([mail()]).inject('/dev/mailbox/1');
    expect(body).toMatch(/<iframe [^>]*sandbox="" [^>]*srcdoc="&lt;p&gt;Your code/);
    expect(body.match(/<script/g)).toHaveLength(1);
    expect(body).toContain('<script src="/dev/mailbox.js" defer></script>');
    const policy = String(headers['content-security-policy']).split('; ');
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).toContain("form-action 'none'");
    expect(headers['cache-control']).toBe('no-store');
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

  it('tells a newcomer what will appear', async () => {
    const { body } = await openServer([]).inject('/dev/mailbox');
    expect(body).toContain('No mail yet');
    expect(body).toContain('mutation Register');
  });
});
