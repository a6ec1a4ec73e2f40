import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { TestServer } from './app.ts';
import { createTestClock } from './clock.ts';
import { openBrowser, type PageBrowser } from './page-browser.ts';

type Seen = { readonly method: string; readonly url: string; readonly cookie: string };

const open: (() => void)[] = [];

afterEach(() => {
  for (const close of open.splice(0)) close();
});

/** A browser at a server that answers as the test says. */
async function browserAt(
  answer: (request: Seen, response: ServerResponse, message: IncomingMessage) => void,
): Promise<{ browser: PageBrowser; clock: ReturnType<typeof createTestClock> }> {
  const server = createServer((message, response) => {
    const { method = '', url = '', headers } = message;
    answer({ method, url, cookie: headers.cookie ?? '' }, response, message);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push(() => server.close());
  const { port } = server.address() as AddressInfo;
  const clock = createTestClock();
  const app = { config: { publicUrl: 'http://localhost:4000' } } as TestServer['app'];
  return { browser: openBrowser({ url: `http://127.0.0.1:${port}`, app, clock }), clock };
}

const form = `<form method="post" action="/to?a=1">
<input type="hidden" name="kept" value="&lt;x"><input type="checkbox" name="off">
<input name="email" value="ada@example.com" required maxlength="20">
<select name="tag"><option value="en">English<option value="de" selected>Deutsch</select>
<button name="form" value="first">One</button>
<button name="form" value="second">Two</button></form>`;

describe('openBrowser', () => {
  it('refuses what a browser would not send', async () => {
    const { browser } = await browserAt((_request, response) => response.end(form));
    await browser.get('/');
    expect(() => browser.send('Three')).toThrow('only One, Two');
    expect(() => browser.send('One', { name: 'Ada' })).toThrow('no field "name"');
    expect(() => browser.send('One', { email: '' })).toThrow('"email" is empty');
    expect(() => browser.send('One', { email: 'a'.repeat(21) })).toThrow('that much');
    expect((await browser.send('One', { email: '' }, { unchecked: true })).status).toBe(200);
  });

  it('gives up where pages lead round', async () => {
    const { browser } = await browserAt((_request, response) => {
      response.writeHead(303, { location: '/' }).end();
    });
    await expect(browser.get('/')).rejects.toThrow('round');
  });

  it('sends prefilled fields and the button too, and follows 307 with all', async () => {
    const seen: string[] = [];
    const { browser } = await browserAt((request, response, message) => {
      if (request.method === 'GET') return void response.end(form);
      message.setEncoding('utf8').on('data', (text) => {
        const { host, origin } = message.headers;
        seen.push([request.url, host, origin, message.headers['sec-fetch-site'], text].join(' '));
        if (seen.length === 1) response.writeHead(307, { location: '/again' }).end();
        else response.end('<title>There</title><p>Done &amp; over');
      });
    });
    await browser.get('/');
    const page = await browser.send('second', { email: 'b@example.com' });
    const body = 'kept=%3Cx&email=b%40example.com&tag=de&form=second';
    const head = 'localhost:4000 http://localhost:4000 same-origin';
    expect(seen).toEqual([`/to?a=1 ${head} ${body}`, `/again ${head} ${body}`]);
    expect(page).toMatchObject({ status: 200, url: '/again', title: 'There', text: 'Done & over' });
  });

  it('keeps cookies as long as they live, and from other sites those that may come', async () => {
    const cookies = ['a=1; SameSite=Strict; Max-Age=60', 'b=2; Path=/deep', 'c=3'];
    const { browser, clock } = await browserAt(({ url, cookie }, response) => {
      const set = url === '/set' ? cookies : url === '/clear' ? ['c=; Max-Age=0'] : [];
      response.setHeader('set-cookie', set).end(`<p>${cookie}`);
    });
    await browser.get('/set');
    expect((await browser.get('/')).text).toBe('a=1; c=3');
    expect((await browser.get('/deep/er')).text).toBe('a=1; b=2; c=3');
    expect((await browser.get('/', { from: 'https://other.example' })).text).toBe('c=3');
    const old = browser.copy();
    await browser.tab().get('/clear');
    expect((await browser.get('/')).text).toBe('a=1');
    expect((await old.get('/')).text).toBe('a=1; c=3');
    clock.advance(60);
    expect((await browser.get('/')).text).toBe('');
  });

  it('goes on by itself where a page says so, and asks no other origin', async () => {
    const { browser } = await browserAt(({ url }, response) => {
      const target = url === '/' ? '/two' : 'https://app.example/in?x=1';
      response.end(`<meta http-equiv="refresh" content="0; url=${target}">`);
    });
    expect(await browser.get('/')).toMatchObject({ status: 0, url: 'https://app.example/in?x=1' });
  });
});
