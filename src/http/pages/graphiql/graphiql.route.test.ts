import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allTools } from '../../../testing/tools.ts';
import { graphiqlRoute } from './graphiql.route.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'graphiql-route-'));
  await mkdir(join(directory, 'dev/graphiql'), { recursive: true });
  await writeFile(join(directory, 'index.html'), '<head><title>GraphiQL</title></head>');
  await writeFile(join(directory, 'dev/graphiql/index-abc.js'), 'export {};');
  await writeFile(join(directory, 'dev/graphiql/codicon-abc.ttf'), 'font');
  await writeFile(join(directory, 'secret.txt'), 'canary');
});
afterAll(() => rm(directory, { recursive: true }));

/** `patience` in milliseconds. */
function openServer(ready: Promise<void>, patience?: number): FastifyInstance {
  const fastify = Fastify();
  graphiqlRoute(fastify, {
    directory,
    ready,
    ...(patience === undefined ? {} : { patience }),
    tools: { ...allTools, productName: 'A & B' },
  });
  return fastify;
}

describe('graphiqlRoute', () => {
  it.each([
    '/dev/graphiql/../../secret.txt',
    '/dev/graphiql/..%2f..%2fsecret.txt',
    '/dev/graphiql/%2e%2e/%2e%2e/secret.txt',
    '/dev/graphiql/..\\..\\secret.txt',
    '/dev/graphiql//index-abc.js',
    '/dev/graphiql/index-abc.js/',
    '/dev/graphiql/index-abc.js%00',
    '/dev/graphiql/',
    '/dev/graphiql/__proto__',
    '/index.html',
    '/secret.txt',
  ])('gives out nothing at %s', async (url) => {
    const { statusCode, body } = await openServer(Promise.resolve()).inject(url);
    expect(statusCode).toBe(404);
    expect(body).not.toContain('canary');
  });

  it('returns the page under its policy, and never from a cache', async () => {
    const { statusCode, headers, body } = await openServer(Promise.resolve()).inject('/graphiql');
    expect(statusCode).toBe(200);
    expect(body).toContain('<title>GraphiQL · A &amp; B</title>');
    expect(body).toContain('<meta name="application-name" content="A &amp; B">');
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(headers['cache-control']).toBe('no-store');
    expect(headers['content-security-policy']).toBe(
      "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self' " +
        "'unsafe-inline'; font-src 'self' data:; " +
        "img-src 'self' data:; connect-src 'self'; base-uri 'none'; " +
        "form-action 'none'; frame-ancestors 'none'",
    );
  });

  it('has the colours of all pages', async () => {
    const { body, headers } = await openServer(Promise.resolve()).inject('/dev/colours.css');
    expect(headers['content-type']).toBe('text/css; charset=utf-8');
    expect(body).toContain(`--accent:${allTools.pagesTheme.light.accent};`);
    expect(body).toContain(`--accent:${allTools.pagesTheme.dark.accent};`);
  });

  it.each([
    ['index-abc.js', 'text/javascript; charset=utf-8'],
    ['codicon-abc.ttf', 'font/ttf'],
  ])('lets %s be kept for good', async (name, type) => {
    const { statusCode, headers } = await openServer(Promise.resolve()).inject(
      `/dev/graphiql/${name}`,
    );
    expect(statusCode).toBe(200);
    expect(headers['content-type']).toBe(type);
    expect(headers['cache-control']).toBe('public, max-age=31536000, immutable');
    // A worker runs under the policy of its own file.
    expect(headers['content-security-policy']).toContain("default-src 'none'; script-src 'self'");
  });

  it('waits for a page that is being built, then says so and reloads', async () => {
    let finish = (): void => {};
    const built = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const early = await openServer(built, 1).inject('/graphiql');
    expect(early.statusCode).toBe(503);
    expect(early.headers['retry-after']).toBe('2');
    expect(early.body).toContain('<meta http-equiv="refresh" content="2">');
    const asked = openServer(built).inject('/graphiql');
    finish();
    expect((await asked).statusCode).toBe(200);
  });

  it('shows why the page is missing, as text', async () => {
    const fastify = openServer(Promise.reject(new Error('Cannot find <package> vite')));
    const { statusCode, body } = await fastify.inject('/graphiql');
    expect(statusCode).toBe(500);
    expect(body).toContain('Cannot find &lt;package&gt; vite');
    expect((await fastify.inject('/dev/graphiql/index-abc.js')).statusCode).toBe(404);
  });
});
