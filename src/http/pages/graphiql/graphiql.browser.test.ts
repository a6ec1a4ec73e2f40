import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../../testing/app.ts';
import { launchBrowser } from '../../../testing/browser.ts';
import { freePort } from '../../../testing/free-port.ts';
import { openGraphiql } from '../../../testing/graphiql.ts';
import { freshAddress, goodPassword } from '../../../testing/people.ts';
import { preparePage } from '../prepare-page.ts';

const browser = await launchBrowser();
/** The person that the first tab registers. */
const email = 'you@example.com';

describe.skipIf(browser === null)('GraphiQL in a browser', () => {
  let server: TestServer;
  beforeAll(async () => {
    const graphiql = preparePage('graphiql', {
      dataDirectory: 'node_modules/.cache/latchkey',
      log: { info: () => {}, error: () => {} },
    });
    server = await startTestServer({
      config: { graphiql: true, introspection: true, productName: 'Acme' },
      graphiql,
    });
    await graphiql.ready;
  }, 300_000);
  afterAll(async () => {
    await browser?.close();
    await server.stop();
  });

  it('leads from no account to a signed-in query, with our own files only', {
    timeout: 150_000,
  }, async () => {
    if (browser === null) throw new Error('There is no browser.');
    const graphiql = await openGraphiql(browser, server.url);
    expect(await graphiql.page.title()).toBe('GraphiQL · Acme');
    expect(await graphiql.page.getByRole('link', { name: 'Acme' }).getAttribute('href')).toBe('/');
    const status = graphiql.page.getByRole('banner').getByRole('status');
    expect(await status.textContent()).toBe('Not signed in');

    expect(await graphiql.run('Me')).toEqual({ data: { me: null } });
    expect(await graphiql.run('Register')).toMatchObject({
      data: { register: { sentTo: 'y***@example.com' } },
    });
    const code = await server.nextCode(email);
    await expect.poll(() => graphiql.text()).not.toContain('challengeId: ""');
    await graphiql.edit((query) => query.replace('code: ""', `code: "${code}"`));
    expect(await graphiql.run('VerifyOtp')).toMatchObject({
      data: { verifyOtp: { user: { email } } },
    });
    await status.getByText('Signed in').waitFor();
    expect(await graphiql.run('Me')).toMatchObject({ data: { me: { email } } });

    // Its answer must have arrived before the next is awaited.
    const signedOut = graphiql.page.waitForResponse((response) =>
      response.url().endsWith('/graphql'),
    );
    await graphiql.page.getByRole('button', { name: 'Sign out' }).click();
    await signedOut;
    await status.getByText('Not signed in').waitFor();
    expect(await graphiql.run('Me')).toEqual({ data: { me: null } });
    expect(await graphiql.page.evaluate('Object.keys(localStorage)')).toEqual([]);
    expect(graphiql.problems).toEqual([]);
    await graphiql.page.close();
  });

  it('takes over the sign-in of the account pages, until the reader signs out', {
    timeout: 300_000,
  }, async () => {
    const port = await freePort();
    const publicUrl = `http://localhost:${port}`;
    // The cookie is that of PUBLIC_URL.
    const own = await server.another({ port, publicUrl, host: 'localhost' });
    const context = await browser?.newContext();
    if (context === undefined) throw new Error('There is no browser.');
    // A busy machine takes many times as long.
    context.setDefaultTimeout(120_000);
    const page = await context.newPage();
    await page.goto(`${publicUrl}/account/register`);
    const address = freshAddress();
    await page.getByLabel('Email address').fill(address);
    await page.getByLabel('Password').fill(goodPassword);
    await page.getByRole('button', { name: 'Create account' }).click();
    await page.getByLabel('Code').fill(await own.nextCode(address));
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.waitForURL((url) => url.pathname === '/account');

    const graphiql = await openGraphiql(context, publicUrl);
    const banner = graphiql.page.getByRole('banner');
    await banner.getByText('Signed in').waitFor();
    expect(await graphiql.run('Me')).toMatchObject({ data: { me: { email: address } } });
    await banner.getByRole('button', { name: 'Sign out' }).click();
    await banner.getByText('Not signed in').waitFor();
    await graphiql.page.reload();
    await banner.getByText('Not signed in').waitFor();
    expect(graphiql.problems).toEqual([]);
    await context.close();
    await own.stop();
  });

  it('shows the mail and its code on the mailbox page', async () => {
    if (browser === null) throw new Error('There is no browser.');
    const page = await browser.newPage();
    const newest = server.mailbox.list()[0];
    await page.goto(`${server.url}/dev/mailbox`);
    expect(await page.textContent('body')).toContain(email);
    expect(await page.textContent('body')).toContain(newest?.subject);
    await page.close();
  });
});
