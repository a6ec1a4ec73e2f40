import type { TestServer } from './app.ts';
import { type Authenticator, type Enrolled, enrolTotp } from './authenticator.ts';
import {
  type BrowserOptions,
  openBrowser,
  type PageBrowser,
  type ShownPage,
} from './page-browser.ts';
import { attribute } from './page-html.ts';
import { type Person, registerPerson } from './people.ts';

/** Seconds after which a proof is too old for what needs one (SE-13). */
export const staleAfter = 601;

export type AtHome = { readonly browser: PageBrowser; readonly person: Person };

type Options = BrowserOptions & { readonly name?: string; readonly email?: string };

/** A browser in which a person has just signed in, at the page of their security. */
export async function openAccount(server: TestServer, options: Options = {}): Promise<AtHome> {
  const person = await registerPerson(server, options);
  return { person, browser: await signInByPage(server, person, options) };
}

/** The same with an authenticator app; what the browser has proved is then too old. */
export async function openStaleAccount(server: TestServer): Promise<AtHome & Enrolled> {
  const person = await registerPerson(server);
  const enrolled = await enrolTotp(server, person);
  const browser = await signInByPage(server, person);
  await browser.send('verify', { code: enrolled.phone.nextCode() });
  server.clock.advance(staleAfter);
  return { person, browser, ...enrolled };
}

/** Signs in with the password; with an app set up, the browser is then at the page for its code. */
export async function signInByPage(
  server: TestServer,
  { email, password }: Pick<Person, 'email' | 'password'>,
  options: BrowserOptions = {},
): Promise<PageBrowser> {
  const browser = openBrowser(server, options);
  await browser.get('/account/sign-in?return_to=/account/security');
  await browser.send('password', { email, password });
  return browser;
}

/** Proves on the page for it, to which a form has led, who is there. */
export async function proveByPage(
  browser: PageBrowser,
  { password }: Pick<Person, 'password'>,
  phone?: Pick<Authenticator, 'nextCode'>,
): Promise<ShownPage> {
  if (browser.page.url !== '/account/step-up')
    throw new Error(`The browser is at ${browser.page.url}: ${browser.page.text}`);
  const page = await browser.send('Continue', { password });
  return phone === undefined ? page : browser.send('verify', { code: phone.nextCode() });
}

/** As after the session's end: the browser keeps no more than what it has begun. */
export function loseSession(browser: PageBrowser): void {
  for (const { name } of browser.cookies) if (!name.endsWith('-step')) browser.dropCookie(name);
}

/** What the browser keeps of what it has begun, as the cookie has it. */
export function stepOf({ cookies }: PageBrowser): string {
  const value = cookies.find(({ name }) => name.endsWith('-step'))?.value ?? '';
  return Buffer.from(value, 'base64url').toString();
}

/** The picture of a page, as it was sent. */
export function pictureOf({ elements }: ShownPage): string {
  const image = elements.find(({ tagName }) => tagName === 'img');
  const source = (image && attribute(image, 'src')) ?? '';
  return decodeURIComponent(source.replace('data:image/svg+xml,', ''));
}
