import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  openAccount,
  openStaleAccount,
  proveByPage,
  staleAfter,
} from '../../../../testing/account-browser.ts';
import { startTestServer, type TestServer } from '../../../../testing/app.ts';
import { freshAddress, registerPerson } from '../../../../testing/people.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const page = '/account/security/email';

describe('the page for another address', () => {
  it('refuses the present one and what is none, and keeps what was typed', async () => {
    const { browser, person } = await openAccount(server);
    await browser.get(page);
    await browser.send('request', { newEmail: person.email });
    expect(browser.page).toMatchObject({ status: 422, url: page });
    expect(browser.page.text).toContain('This is what it is already.');
    await browser.send('request', { newEmail: 'nobody' });
    expect(browser.page.text).toContain('This is not an email address.');
    expect(browser.value('newEmail')).toBe('nobody');
  });

  it('answers for a taken address as for a free one', async () => {
    const taken = await registerPerson(server);
    const { browser } = await openAccount(server);
    await browser.get(page);
    await browser.send('request', { newEmail: taken.email });
    expect(browser.page).toMatchObject({ status: 200, url: page });
    expect(browser.page.text).toContain('We sent a six-digit code to p***@example.com.');
  });

  it('refuses a wrong code, and another code at once', async () => {
    const { browser } = await openAccount(server);
    const newEmail = freshAddress();
    await browser.get(page);
    await browser.send('request', { newEmail });
    const code = await server.nextCode(newEmail);
    const wrong = await browser.send('confirm', { code: code === '000000' ? '111111' : '000000' });
    expect(wrong.status).toBe(422);
    expect(wrong.text).toContain('The code is not right, or is no longer valid.');
    const early = await browser.send('resend');
    expect(early.status).toBe(429);
    expect(early.text).toContain('Try again in a minute.');
    server.clock.advance(31);
    await browser.send('resend');
    expect(browser.page.url).toBe(`${page}?done=sent`);
    expect(browser.page.text).toContain('Another code is on its way.');
    await browser.send('confirm', { code: await server.nextCode(newEmail) });
    expect(browser.page.url).toBe('/account/security?done=email');
  });

  it('SE-13 waits for a proof with what was typed, and goes on with it', async () => {
    const { browser, person } = await openAccount(server);
    const newEmail = freshAddress();
    server.clock.advance(staleAfter);
    await browser.get(page);
    await browser.send('request', { newEmail });
    await proveByPage(browser, person);
    expect(browser.page.url).toBe(page);
    await browser.send('confirm', { code: await server.nextCode(newEmail) });
    expect(browser.page.text).toContain(`Email address ${newEmail}`);
    expect(browser.page.text).toContain('Your address is changed.');
  });

  it('SE-13 waits for the second factor too', async () => {
    const { browser, person, phone } = await openStaleAccount(server);
    const newEmail = freshAddress();
    await browser.get(page);
    await browser.send('request', { newEmail });
    await proveByPage(browser, person, phone);
    expect(browser.page.text).toContain('We sent a six-digit code to');
    await browser.send('confirm', { code: await server.nextCode(newEmail) });
    expect(browser.page.text).toContain(`Email address ${newEmail}`);
  });

  it('lets another address be typed in place of the one that waits', async () => {
    const { browser } = await openAccount(server);
    const [first, second] = [freshAddress(), freshAddress()];
    await browser.get(page);
    await browser.send('request', { newEmail: first });
    await browser.follow('Use another address');
    await browser.send('request', { newEmail: 'nobody' });
    expect(browser.value('newEmail')).toBe('nobody');
    await browser.send('request', { newEmail: second });
    await browser.send('confirm', { code: await server.nextCode(second) });
    expect(browser.page.text).toContain(`Email address ${second}`);
    await browser.get(page);
    expect(browser.page.text).toContain(`Address now: ${second}`);
  });
});
