import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type Provider from 'oidc-provider';
import type { Adapter, AdapterPayload, ClientMetadata, Configuration } from 'oidc-provider';
import { createTestClock } from './clock.ts';
import { CookieJar } from './cookie-jar.ts';

/** Who has an account at the provider; `sub` is what the provider calls them. */
export type OidcUser = {
  readonly sub: string;
  readonly email: string;
  readonly email_verified: boolean;
  readonly name?: string;
};

/** The provider of others, as its tests see it. */
export type OidcProvider = {
  readonly issuer: string;
  /** Who sits at the browser and presses the button that says `Continue`. */
  user: OidcUser;
  /** Whether its page is cut off from the one that has opened its window, as some providers do. */
  isIsolated: boolean;
  /** How often a browser came with a wish to sign in. */
  visits(): number;
  /**
   * Presses `Continue`, or `Cancel`, without a browser: from the address that a browser is sent to,
   * to the one that it is sent back to.
   */
  press(button: 'Continue' | 'Cancel', authorizationUrl: string): Promise<string>;
  stop(): Promise<void>;
};

export type OidcProviderOptions = {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly redirectUris: readonly string[];
  readonly port?: number;
};

/**
 * oidc-provider as any OpenID provider, at a loopback port: the real protocol in place of Google's.
 * Its page has one button to continue and one to cancel.
 */
export async function startOidcProvider(options: OidcProviderOptions): Promise<OidcProvider> {
  const server = createServer().listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const users = new Map<string, OidcUser>();
  const provider = await createProvider(issuer, options, users);
  const handle = provider.callback();
  let visits = 0;

  const self: OidcProvider = {
    issuer,
    user: { sub: 'ada', email: 'ada@example.com', email_verified: true, name: 'Ada' },
    isIsolated: false,
    visits: () => visits,
    press,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  server.on('request', (request, response) => {
    if (request.url?.startsWith('/auth?')) visits += 1;
    const answered = request.url?.startsWith(interactions)
      ? interact(provider, self, users, request, response)
      : handle(request, response);
    answered.catch((error: unknown) => response.writeHead(400).end(String(error)));
  });
  return self;
}

const interactions = '/interaction/';

async function createProvider(
  issuer: string,
  options: OidcProviderOptions,
  users: ReadonlyMap<string, OidcUser>,
): Promise<Provider> {
  const { warn } = console;
  // It says that Node 20 is past its end of life, where it is.
  console.warn = () => {};
  const { Provider: Made } = await import('oidc-provider');
  console.warn = warn;
  return new Made(issuer, configurationOf(options, users));
}

function configurationOf(
  { clientId, clientSecret, redirectUris }: OidcProviderOptions,
  users: ReadonlyMap<string, OidcUser>,
): Configuration {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const client: ClientMetadata = {
    client_id: clientId,
    client_secret: clientSecret,
    redirect_uris: [...redirectUris],
    grant_types: ['authorization_code'],
  };
  return {
    adapter: createAdapters(),
    clients: [client],
    cookies: { keys: ['of tests'] },
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'RS256', use: 'sig' }] },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    pkce: { required: () => true },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_ctx, { uid }) => `${interactions}${uid}` },
    ttl: {
      AccessToken: 600,
      AuthorizationCode: 60,
      Grant: 600,
      IdToken: 600,
      Interaction: 600,
      Session: 600,
    },
    findAccount: (_ctx, sub) => ({ accountId: sub, claims: () => ({ ...users.get(sub), sub }) }),
    // Who has signed in has agreed: one page, one button.
    loadExistingGrant: async (ctx) => {
      const { client: asking, session } = ctx.oidc;
      if (!asking || !session?.accountId) return undefined;
      const grant = new ctx.oidc.provider.Grant({
        clientId: asking.clientId,
        accountId: session.accountId,
      });
      grant.addOIDCScope('openid email profile');
      await grant.save();
      return grant;
    },
  };
}

/** The page with the buttons, and what they do. */
async function interact(
  provider: Provider,
  { user, isIsolated }: OidcProvider,
  users: Map<string, OidcUser>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method !== 'POST') {
    response.writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      ...(isIsolated ? { 'cross-origin-opener-policy': 'same-origin' } : {}),
    });
    response.end(`<!doctype html><html lang="en"><title>Another provider</title>
<link rel="icon" href="data:,">
<h1>Another provider</h1><form method="post"><button name="continue">Continue</button></form>
<form method="post" action="?cancel"><button>Cancel</button></form>`);
    return;
  }
  request.resume();
  users.set(user.sub, user);
  const result = request.url?.endsWith('?cancel')
    ? { error: 'access_denied', error_description: 'The user said no.' }
    : { login: { accountId: user.sub } };
  await provider.interactionFinished(request, response, result);
}

/** Follows redirects at the provider, with the cookies of a browser that has none yet. */
async function press(button: 'Continue' | 'Cancel', authorizationUrl: string): Promise<string> {
  const { origin } = new URL(authorizationUrl);
  const jar = new CookieJar(createTestClock());
  let at = authorizationUrl;
  for (let hops = 0; hops < 10; hops += 1) {
    const { pathname } = new URL(at);
    const isPage = pathname.startsWith(interactions);
    const cookie = jar.header({ path: pathname, isSecure: false, isCrossSite: false });
    const answer = await fetch(isPage && button === 'Cancel' ? `${at}?cancel` : at, {
      method: isPage ? 'POST' : 'GET',
      redirect: 'manual',
      ...(cookie === undefined ? {} : { headers: { cookie } }),
    });
    jar.take(answer.headers.getSetCookie());
    const location = answer.headers.get('location');
    if (location === null)
      throw new Error(`${at} answered ${answer.status}: ${await answer.text()}`);
    at = new URL(location, at).href;
    if (new URL(at).origin !== origin) return at;
  }
  throw new Error('The provider redirects for ever.');
}

/** Its storage: a map for each provider, in memory. */
function createAdapters(): (model: string) => Adapter {
  const rows = new Map<string, AdapterPayload>();
  return (model) => {
    const find = async (id: string): Promise<AdapterPayload | undefined> =>
      rows.get(`${model}:${id}`);
    const findBy = (member: 'uid' | 'userCode') => async (value: string) =>
      [...rows].find(([key, row]) => key.startsWith(`${model}:`) && row[member] === value)?.[1];
    return {
      find,
      findByUid: findBy('uid'),
      findByUserCode: findBy('userCode'),
      upsert: async (id, row) => void rows.set(`${model}:${id}`, row),
      destroy: async (id) => void rows.delete(`${model}:${id}`),
      consume: async (id) => {
        const row = await find(id);
        if (row) row.consumed = Math.floor(Date.now() / 1000);
      },
      revokeByGrantId: async (grantId) => {
        for (const [key, row] of rows) if (row.grantId === grantId) rows.delete(key);
      },
    };
  };
}
