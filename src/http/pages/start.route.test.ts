import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../testing/app.ts';

type Home = { status: number; body: string; headers: Headers };

async function home(server: TestServer): Promise<Home> {
  const answer = await fetch(`${server.url}/`, { redirect: 'manual' });
  return { status: answer.status, body: await answer.text(), headers: answer.headers };
}

describe('GET /', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ config: { productName: 'Ada & Co' } });
  });
  afterAll(() => server.stop());

  it('is not there in production without the built-in pages', async () => {
    const production = await server.another({ mode: 'production', pages: false });
    expect((await home(production)).status).toBe(404);
    expect((await fetch(`${production.url}/account`)).status).toBe(404);
    expect((await fetch(`${production.url}/dev/tools.css`)).status).toBe(404);
    await production.stop();
  });

  it('leads to the account pages in production', async () => {
    const production = await server.another({ mode: 'production' });
    const { status, headers } = await home(production);
    expect(status).toBe(303);
    expect(headers.get('location')).toBe('/account');
    await production.stop();
  });

  it('PG-1 PG-2 has nothing inline in development, under the policy of all pages', async () => {
    const { status, body, headers } = await home(server);
    expect(status).toBe(200);
    expect(body).not.toMatch(/<style|\sstyle=|<script|\son\w+=/i);
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'; require-trusted-types-for 'script'");
    expect(headers.get('cross-origin-opener-policy')).toBe('same-origin');
    expect(headers.get('referrer-policy')).toBe('same-origin');
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it('leads to what is there, and every file and page that it names is', async () => {
    const { body } = await home(server);
    expect(body).toContain('<h1>Ada &amp; Co is running</h1>');
    expect(body).toContain('<title>Start · Ada &amp; Co</title>');
    const links = [...body.matchAll(/(?:href|src)="(\/[^"]*)"/g)].map(([, path = '']) => path);
    expect(links).toContain('/account/register');
    expect(links).toContain('/dev/mailbox');
    // No test server has GraphiQL unless it is told to.
    expect(links).not.toContain('/graphiql');
    for (const path of new Set(links)) {
      // The account pages lead to PUBLIC_URL from any other host.
      const headers = { host: 'localhost:4000' };
      const { statusCode } = await server.server.fastify.inject({ url: path, headers });
      expect([path, statusCode]).toEqual([path, path === '/account' ? 303 : 200]);
    }
  });

  it('says how the server stands, and no address that may hold a password', async () => {
    expect((await home(server)).body).toContain(
      'Database: embedded, files in .data/never-written-by-tests. Mail: to the mailbox, nothing ' +
        'leaves this machine. Registration: open to everyone.',
    );
    const url = 'postgres://latchkey:canary@db.example.net/latchkey';
    const smtp = {
      transport: 'smtp',
      url: 'smtps://user:canary@mail.example.net',
      from: 'a@example.net',
      allowInsecure: false,
    } as const;
    const other = await server.another({
      databaseUrl: url,
      mail: smtp,
      pages: false,
      appUrl: 'http://localhost:3000',
    });
    const { body } = await home(other);
    expect(body).toContain('Database: PostgreSQL at DATABASE_URL. Mail: sent by smtp.');
    expect(body).toContain('The built-in pages are off. Register at');
    expect(body).not.toContain('/account/register');
    expect(body).not.toContain('canary');
    await other.stop();
  });
});
