import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ownTheme } from '../../../config/pages-theme.ts';
import { startTestServer, type TestServer } from '../../../testing/app.ts';
import { openBrowser } from '../../../testing/page-browser.ts';

const script = '<script xmlns="http://www.w3.org/2000/svg">alert(1)</script>';
const logo = {
  type: 'image/svg+xml',
  bytes: Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">${script}</svg>`),
} as const;
const pagesTheme = {
  ...ownTheme,
  dark: { ...ownTheme.dark, accent: '#a8c7fa' },
  radius: 4,
  logo,
};

describe('the theme of the pages', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ config: { productName: 'A & B', pagesTheme } });
  });
  afterAll(() => server.stop());

  it('PG-1 shows the logo as a picture of our own, and never as a part of the page', async () => {
    const { html } = await openBrowser(server).get('/account/sign-in');
    const [, path = ''] = /<a class="brand"[^>]*><img src="([^"]+)" alt="">/.exec(html) ?? [];
    expect(path).toMatch(/^\/account\/assets\/[0-9a-f]{12}\.svg$/);
    expect(html).not.toContain('alert(1)');
    const answer = await fetch(`${server.url}${path}`);
    expect(answer.headers.get('content-type')).toBe('image/svg+xml');
    // Opened by itself an SVG is a document of our origin.
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(await answer.text()).toBe(logo.bytes.toString());
  });

  it('is that of every page, of development too', async () => {
    for (const path of ['/account/sign-in', '/', '/dev/mailbox']) {
      const { html, title } = await openBrowser(server).get(path);
      const [, sheet = ''] = /<link rel="stylesheet" href="(\/account[^"]+)">/.exec(html) ?? [];
      const css = await (await fetch(`${server.url}${sheet}`)).text();
      expect(css).toContain('--accent:#a8c7fa;');
      expect(css).toContain(`--accent:${ownTheme.light.accent};`);
      expect(css).toContain('--radius:.25rem;');
      expect(title).toContain('A & B');
      expect(html).toMatch(/<link rel="icon" href="\/account\/assets\/[0-9a-f]{12}\.svg">/);
    }
  });

  it('is there in development without the built-in pages', async () => {
    const other = await server.another({ pages: false });
    const html = await (await fetch(`${other.url}/dev/mailbox`)).text();
    const [, sheet = ''] = /<link rel="stylesheet" href="(\/account[^"]+)">/.exec(html) ?? [];
    expect((await fetch(`${other.url}${sheet}`)).status).toBe(200);
    expect((await fetch(`${other.url}/account/sign-in`)).status).toBe(404);
    await other.stop();
  });
});
