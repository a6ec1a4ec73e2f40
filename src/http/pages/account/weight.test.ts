import { brotliCompressSync, constants } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ownTheme } from '../../../config/pages-theme.ts';
import { localeTags } from '../../../domain/emails/locales.ts';
import { startTestServer, type TestServer } from '../../../testing/app.ts';
import { openBrowser } from '../../../testing/page-browser.ts';
import { freshAddress, goodPassword } from '../../../testing/people.ts';
import { messagesIn } from './language.ts';
import { passkeyScript } from './passkey-script.ts';
import { markOf } from './provider-marks.ts';
import { pageScript } from './script.ts';
import { styleSheet } from './style.ts';

/** Bytes as they are sent: files at brotli's best, a page at once (send-page.ts). */
function fileBytes(text: string): number {
  return brotliCompressSync(text).length;
}

function pageBytes(text: string): number {
  return brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }).length;
}

const style = styleSheet(ownTheme);

describe('what pages weigh, compressed', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.stop());

  it('the style sheet is under 6 kB, each script under 1 kB', () => {
    expect(style.length).toBeLessThan(6 * 1024);
    expect(fileBytes(pageScript)).toBeLessThan(1024);
    expect(fileBytes(passkeyScript)).toBeLessThan(1024);
  });

  it.each(['google', 'microsoft', 'github', 'facebook'])(
    'the mark of %s is under half a kB, and none of others is there',
    (preset) => {
      expect(fileBytes(markOf(preset).text)).toBeLessThan(512);
      expect(markOf(preset).text).toMatch(/^<svg [^>]*aria-hidden="true">/);
      for (const other of ['apple', 'gitlab', 'constructor', null])
        expect(markOf(other).text).toBe('');
    },
  );

  it.each(localeTags)(
    'in %s: registration, code and home 15 kB at most, style and script counted once',
    async (language) => {
      const email = freshAddress();
      const browser = openBrowser(server, { language });
      const sizes = [fileBytes(style), fileBytes(pageScript)];
      sizes.push(pageBytes((await browser.get('/account/register')).html));
      const sent = { email, password: goodPassword };
      sizes.push(pageBytes((await browser.send(messagesIn(language).register.action, sent)).html));
      expect(browser.page.url).toBe('/account/code');
      const code = await server.nextCode(email);
      sizes.push(pageBytes((await browser.send('verify', { code })).html));
      expect(browser.page.url).toBe('/account');
      expect(sizes.reduce((sum, size) => sum + size)).toBeLessThanOrEqual(15 * 1024);
    },
  );

  it('a page is sent compressed to a browser that takes it, and as it is to another', async () => {
    const send = (encoding: string) =>
      server.server.fastify.inject({
        url: '/account/register',
        headers: { host: 'localhost:4000', 'accept-encoding': encoding },
      });
    const small = await send('gzip, br');
    const plain = await send('gzip');
    expect(small.headers['content-encoding']).toBe('br');
    expect(small.rawPayload.length).toBe(pageBytes(plain.body));
    expect(plain.headers['content-encoding']).toBeUndefined();
  });
});
