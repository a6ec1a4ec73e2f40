import { createHash, randomBytes } from 'node:crypto';
import type { IdentityProvider } from '../config/identity-providers.ts';
import type { Config } from '../config/read-config.ts';
import { type IdentityKey, insertIdentity } from '../db/queries/identities.ts';
import type { TestServer } from './app.ts';
import type { Sender } from './client.ts';
import { CookieJar } from './cookie-jar.ts';
import type { TestIdentityProvider } from './identity-provider.ts';

/** The configuration of a server that signs in by these providers, which are on loopback. */
export function withProviders(identityProviders: readonly IdentityProvider[]): Partial<Config> {
  return { identityProviders, identityAllowPrivate: true };
}

/** Where the app of these tests takes tickets. */
export const returnTo = 'http://localhost:3000/signed-in';

/** A verifier that an app keeps, and its S256 (RFC 7636). */
export function newVerifier(): { readonly codeVerifier: string; readonly codeChallenge: string } {
  const codeVerifier = randomBytes(32).toString('base64url');
  const codeChallenge = createHash('sha256').update(codeVerifier).digest('base64url');
  return { codeVerifier, codeChallenge };
}

/** Where a browser was led, by whatever answer. */
export type Led = {
  readonly status: number;
  readonly location: string;
  readonly headers: Headers;
  readonly text: string;
};

/** A server, in this process or another. */
export type Visited = Pick<TestServer, 'url' | 'clock' | 'mutate'>;

/** A browser of its own, with no more than its cookies. */
export class TestBrowser {
  readonly jar: CookieJar;
  readonly #server: Visited;

  constructor(server: Visited) {
    this.#server = server;
    this.jar = new CookieJar(server.clock);
  }

  /** Opens an address of ours, at whichever instance; posts the form, where there is one. */
  async open(
    address: string,
    { form, at = this.#server }: { form?: URLSearchParams; at?: Pick<Visited, 'url'> } = {},
  ): Promise<Led> {
    const { pathname, search } = new URL(address, at.url);
    const isCrossSite = form !== undefined;
    const cookie = isCrossSite
      ? undefined // What a form of another site brings of SameSite=Lax: nothing.
      : this.jar.header({ path: pathname, isSecure: true, isCrossSite });
    const answer = await fetch(`${at.url}${pathname}${search}`, {
      redirect: 'manual',
      headers: { 'x-forwarded-proto': 'https', ...(cookie === undefined ? {} : { cookie }) },
      ...(form === undefined ? {} : { method: 'POST', body: form }),
    });
    this.jar.take(answer.headers.getSetCookie());
    const { status, headers } = answer;
    return { status, headers, location: headers.get('location') ?? '', text: await answer.text() };
  }
}

export type Begun = {
  readonly codeVerifier: string;
  /** Ours: /identity/start/{handle}. */
  readonly url: string;
};

type Start = {
  readonly providerId?: string;
  readonly returnTo?: string;
  readonly sender?: Sender;
  readonly mutation?: 'startIdentityLogin' | 'startIdentityLink';
};

/** An app begins. Throws where the server refuses. */
export async function begin(server: Visited, start: Start = {}): Promise<Begun> {
  const { providerId = 'double', sender, mutation = 'startIdentityLogin' } = start;
  const { codeVerifier, codeChallenge } = newVerifier();
  const input = { providerId, returnTo: start.returnTo ?? returnTo, codeChallenge };
  const answer = await server.mutate(mutation, input, sender);
  if (answer.__typename !== 'AuthIdentityRedirect')
    throw new Error(`${mutation} answered ${JSON.stringify(answer)}`);
  return { codeVerifier, url: answer.url };
}

/** A browser goes to the provider, and comes back to our callback: its address, not opened yet. */
export async function goToProvider(
  provider: TestIdentityProvider,
  browser: TestBrowser,
  { url }: Pick<Begun, 'url'>,
): Promise<{ readonly callback: string; readonly form: URLSearchParams | null }> {
  const { location } = await browser.open(url);
  const { url: callback, form } = await provider.press(location);
  return { callback, form };
}

export type Ticket = { readonly ticket: string; readonly codeVerifier: string };

/** The whole way of a browser, up to the ticket; `#error=…` stands in its place after a refusal. */
export async function getTicket(
  server: Visited,
  provider: TestIdentityProvider,
  start: Start & { readonly browser?: TestBrowser } = {},
): Promise<Ticket> {
  const { browser = new TestBrowser(server) } = start;
  const begun = await begin(server, start);
  const { callback, form } = await goToProvider(provider, browser, begun);
  const posted = form === null ? null : await browser.open(callback, { form });
  const { location, status, text } = await browser.open(posted?.location ?? callback);
  const [, ticket] = /#ticket=(.+)$/.exec(location) ?? [];
  if (ticket === undefined) throw new Error(`The callback: ${status} ${location || text}`);
  return { ticket, codeVerifier: begun.codeVerifier };
}

/** Signs in, as whoever the provider's double says: the answer of completeIdentityLogin. */
export async function signInByProvider(
  server: Visited,
  provider: TestIdentityProvider,
  start: Start = {},
  // biome-ignore lint/suspicious/noExplicitAny: an answer; see client.ts.
): Promise<any> {
  const ticket = await getTicket(server, provider, start);
  return server.mutate('completeIdentityLogin', ticket, start.sender);
}

/** Links what the provider's double says to the person who is signed in, after a step-up. */
export async function linkByProvider(
  server: Visited,
  provider: TestIdentityProvider,
  person: { readonly accessToken: string },
  start: Start = {},
  // biome-ignore lint/suspicious/noExplicitAny: an answer; see client.ts.
): Promise<any> {
  const sender = { token: person.accessToken };
  const mutation = 'startIdentityLink';
  const ticket = await getTicket(server, provider, { ...start, sender, mutation });
  return server.mutate('completeIdentityLink', ticket, sender);
}

/** Gives a person an account at a provider, as an import does. */
export async function addIdentity(
  server: Pick<TestServer, 'app' | 'clock'>,
  { userId, ...key }: IdentityKey & { readonly userId: string },
): Promise<void> {
  const others = { label: null, emailAtLink: null, lastUsedAt: null };
  const createdAt = server.clock.now();
  const id = server.app.random.id(createdAt);
  await insertIdentity(server.app.db, { id, userId, ...key, ...others, createdAt });
}
