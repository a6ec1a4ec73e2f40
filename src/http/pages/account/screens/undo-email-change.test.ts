import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../../../testing/app.ts';
import { openBrowser } from '../../../../testing/page-browser.ts';
import { changeEmail, freshAddress, registerPerson } from '../../../../testing/people.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

describe('the page that takes a change of address back', () => {
  it('refuses a forged token', async () => {
    const browser = openBrowser(server);
    await browser.get('/account/undo-email-change');
    await browser.send('Take the change back', { token: 'z'.repeat(43) });
    expect(browser.page.status).toBe(422);
    expect(browser.page.text).toContain('The link is not right');
  });

  it('says what it does, does it once, and leads to another password', async () => {
    const person = await registerPerson(server);
    const token = await changeEmail(server, person, freshAddress());
    const browser = openBrowser(server);
    await browser.get('/account/undo-email-change');
    expect(browser.page.text).toContain('the password stops working');
    const pasted = `http://localhost:3000/undo-email-change#token=${token}`;
    await browser.send('Take the change back', { token: pasted });
    expect(browser.page.url).toBe('/account/sign-in?done=change-undone');
    expect(browser.page.text).toContain('Your former address is back');
    await browser.get('/account/undo-email-change');
    await browser.send('Take the change back', { token });
    expect(browser.page.status).toBe(422);
  });

  it('goes on without a session that the browser still shows and that is over', async () => {
    const person = await registerPerson(server);
    const browser = openBrowser(server);
    await browser.get('/account/sign-in');
    await browser.send('password', { email: person.email, password: person.password });
    const token = await changeEmail(server, person, freshAddress());
    await browser.get('/account/undo-email-change');
    await browser.send('Take the change back', { token });
    expect(browser.page.url).toBe('/account/sign-in?done=change-undone');
  });
});
