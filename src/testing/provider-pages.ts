import type { TestIdentityProvider } from './identity-provider.ts';
import type { PageBrowser, ShownPage } from './page-browser.ts';

type Provider = Pick<TestIdentityProvider, 'issuer' | 'press'>;

/** Presses the button of a provider, and comes back from it. */
export async function continueWith(
  browser: PageBrowser,
  provider: Provider,
  id = 'double',
): Promise<ShownPage> {
  await browser.send(id);
  return comeBack(browser, provider);
}

/** A browser that is at the provider presses its button, and comes back, from another site. */
export async function comeBack(browser: PageBrowser, provider: Provider): Promise<ShownPage> {
  const { url } = browser.page;
  if (!url.startsWith(provider.issuer))
    throw new Error(`The browser is at ${url}: ${browser.page.text}`);
  const { pathname, search } = new URL((await provider.press(url)).url);
  return browser.get(pathname + search, { from: provider.issuer });
}
