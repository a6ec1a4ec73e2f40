import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../../testing/app.ts';
import { launchBrowser } from '../../../testing/browser.ts';
import { openGraphiql } from '../../../testing/graphiql.ts';
import { prepareGraphiql } from './prepare-graphiql.ts';

const browser = await launchBrowser();
/** The person that the first tab registers. */
const email = 'you@example.com';

describe.skipIf(browser === null)('GraphiQL in a browser', () => {
  let server: TestServer;
  beforeAll(async () => {
    const graphiql = prepareGraphiql({
      dataDirectory: 'node_modules/.cache/latchkey',
      log: { info: () => {}, error: () => {} },
    });
    server = await startTestServer({ config: { graphiql: true, introspection: true }, graphiql });
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
    expect(await graphiql.page.title()).toBe('Latchkey · GraphiQL');
    const status = graphiql.page.getByRole('banner').getByRole('status');
    expect(await status.textContent()).toBe('Not signed in');

    expect(await graphiql.run()).toMatchObject({
      data: { register: { sentTo: 'y***@example.com' } },
    });
    const code = await server.nextCode(email);
    await graphiql.openTab('VerifyOtp');
    await graphiql.edit((query) => query.replace('code: ""', `code: "${code}"`));
    expect(await graphiql.run()).toMatchObject({ data: { verifyOtp: { user: { email } } } });
    await status.getByText('Signed in').waitFor();
    await graphiql.openTab('Me');
    expect(await graphiql.run()).toMatchObject({ data: { me: { email } } });

    // Its answer must have arrived before the next is awaited.
    const signedOut = graphiql.page.waitForResponse((response) =>
      response.url().endsWith('/graphql'),
    );
    await graphiql.page.getByRole('button', { name: 'Sign out' }).click();
    await signedOut;
    await status.getByText('Not signed in').waitFor();
    expect(await graphiql.run()).toEqual({ data: { me: null } });
    expect(await graphiql.page.evaluate('Object.keys(localStorage)')).toEqual([]);
    expect(graphiql.problems).toEqual([]);
    await graphiql.page.close();
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
