import type { Config } from '../config/read-config.ts';
import { type TestServer, testConfig } from './app.ts';
import type { PageBrowser, ShownPage } from './page-browser.ts';
import { attribute, type Element } from './page-html.ts';
import { createPasskeySigner, type PasskeySigner } from './passkey-signer.ts';

/** A configuration under which the pages, and not an app, are what passkeys belong to. */
export function pagesWithPasskeys(publicUrl: string): Pick<Config, 'publicUrl' | 'passkeys'> {
  const { hostname: rpId, origin } = new URL(publicUrl);
  return { publicUrl, passkeys: { ...testConfig.passkeys, rpId, origins: [origin] } };
}

/** The form that waits for the browser's answer; undefined where the page has none. */
export function ceremonyForm({ elements }: ShownPage): Element | undefined {
  return elements.find((element) => attribute(element, 'data-passkey') !== undefined);
}

/** What the page gives the script for the browser. */
export function optionsOf(page: ShownPage) {
  const form = ceremonyForm(page);
  const text = form && attribute(form, 'data-passkey');
  if (text === undefined) throw new Error(`The page has no ceremony: ${page.text}`);
  return JSON.parse(text);
}

/** An authenticator in a browser that has opened the pages. */
export function signerFor(server: Pick<TestServer, 'app'>): PasskeySigner {
  return createPasskeySigner({ origin: new URL(server.app.config.publicUrl).origin });
}

/** What the script puts into the form `passkey`: the answer to the page's ceremony. */
export function assertionFor(page: ShownPage, signer: PasskeySigner) {
  const answer = signer.assert(optionsOf(page));
  return { credential: JSON.stringify(answer) };
}

/** Adds a passkey on its page, as the script would; the browser has to have a fresh proof. */
export async function addPasskeyByPage(
  browser: PageBrowser,
  signer: PasskeySigner,
  name = '',
): Promise<ShownPage> {
  await browser.get('/account/security/passkeys');
  await browser.send('start');
  const answer = signer.register(optionsOf(browser.page));
  return browser.send('confirm', { name, credential: JSON.stringify(answer) });
}
