import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { exportJWK, jwtVerify, SignJWT } from 'jose';
import { type Clock, systemClock } from '../clock.ts';
import type { ClientSecret, IdentityProvider } from '../config/identity-providers.ts';
import {
  type AuthorizationRequest,
  clientOf,
  createAuthorizationEndpoint,
  listenAsProvider,
  pressContinue,
  readForm,
  type SentBack,
  sendJson,
} from './authorization-endpoint.ts';

export type Json = Record<string, unknown>;

/** A provider's own key, as it signs and as it publishes it. */
export type ProviderKey = {
  readonly alg: string;
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicJwk: Json;
};

/** What a hostile provider changes in what it says. */
export type Lies = {
  readonly discovery?: (document: Json) => unknown;
  readonly jwks?: (keySet: Json) => unknown;
  readonly claims?: (claims: Json) => Json;
  readonly header?: (header: { alg: string; kid?: string }) => { alg: string; kid?: string };
  /** Writes the ID token in place of the provider; undefined leaves it out. */
  readonly idToken?: (claims: Json, key: ProviderKey) => Promise<string | undefined>;
  readonly tokens?: (body: Json) => unknown;
  readonly userinfo?: (body: Json) => unknown;
  readonly callback?: (parameters: URLSearchParams) => void;
  /** Paths that answer with this status and no body, or `hang`. */
  readonly broken?: Readonly<Record<string, number | 'hang'>>;
};

/** An OpenID provider on loopback that says whatever a test wants. */
export type TestIdentityProvider = {
  readonly issuer: string;
  readonly key: ProviderKey;
  /** What it says of whoever presses the button: `sub`, `email`, `email_verified`, `name` … */
  user: Json;
  /** Claims that stand in userinfo alone. */
  onlyInUserinfo: readonly string[];
  lies: Lies;
  /** `button`: the page waits for a click on `Continue`. */
  page: 'at once' | 'button';
  /** Paths that were asked for, in order. */
  readonly asked: string[];
  /** The forms that its token endpoint got, refused or not. */
  readonly forms: URLSearchParams[];
  /** With which browsers came. */
  readonly requests: readonly AuthorizationRequest[];
  now(): Date;
  /** For `config.identityProviders`. */
  entry(overrides?: Partial<IdentityProvider>): IdentityProvider;
  /** Presses `Continue` without a browser. */
  press(authorizationUrl: string): Promise<SentBack>;
  /** An ID token as a native SDK gets it. */
  idToken(claims: Json): Promise<string>;
  stop(): Promise<void>;
};

export type IdentityProviderOptions = {
  /** Default `double`. */
  readonly id?: string;
  /** Default a text. The key of Apple's secret is held by the entry; the double checks its JWT. */
  readonly clientSecret?: ClientSecret | null;
  readonly responseMode?: 'query' | 'form_post';
  /** Whether it names itself in its answers (RFC 9207). Default true. */
  readonly namesIssuer?: boolean;
  readonly alg?: 'RS256' | 'ES256' | 'EdDSA';
  readonly clock?: Clock;
  readonly methods?: readonly string[];
};

/** Apple's kind of client secret, with a key of its own. */
export function appleSecret(): ClientSecret & { readonly kind: 'apple' } {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { kind: 'apple', teamId: 'TEAM123456', keyId: 'KEY1234567', privateKey };
}

/** A key as a provider has it, of any algorithm. */
export async function providerKey(alg = 'RS256', kid = 'key-1'): Promise<ProviderKey> {
  const { privateKey, publicKey } = keyPair(alg);
  return {
    alg,
    kid,
    privateKey,
    publicJwk: { ...(await exportJWK(publicKey)), alg, kid, use: 'sig' },
  };
}

function keyPair(alg: string): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  if (alg === 'EdDSA') return generateKeyPairSync('ed25519');
  const curve = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' }[alg];
  if (curve !== undefined) return generateKeyPairSync('ec', { namedCurve: curve });
  return generateKeyPairSync('rsa', { modulusLength: 2048 });
}

export async function startIdentityProvider(
  options: IdentityProviderOptions = {},
): Promise<TestIdentityProvider> {
  const clientSecret =
    options.clientSecret === undefined
      ? ({ kind: 'text', value: randomBytes(24).toString('base64url') } as const)
      : options.clientSecret;
  const key = await providerKey(options.alg ?? 'RS256');
  const greeted = new Set<unknown>();
  const endpoint = createAuthorizationEndpoint({
    clientId: 'latchkey',
    usesPkce: true,
    responseMode: options.responseMode ?? 'query',
    page: () => self.page,
    answer: (parameters) => {
      if (options.namesIssuer ?? true) parameters.set('iss', self.issuer);
      if (options.responseMode === 'form_post' && !greeted.has(self.user['sub']))
        parameters.set('user', JSON.stringify(greeting(self.user)));
      greeted.add(self.user['sub']);
      self.lies.callback?.(parameters);
    },
  });
  const { origin, stop } = await listenAsProvider((request, response) =>
    handle({ self, endpoint, clientSecret, options, tokens }, request, response),
  );
  const tokens = new Map<string, Json>();
  const self: TestIdentityProvider = {
    issuer: origin,
    key,
    user: { sub: 'ada', email: 'ada@example.com', email_verified: true, name: 'Ada' },
    onlyInUserinfo: [],
    lies: {},
    page: 'at once',
    asked: [],
    forms: [],
    requests: endpoint.requests,
    now: () => (options.clock ?? systemClock).now(),
    entry: (overrides) => ({ ...entryOf(origin, clientSecret, options), ...overrides }),
    press: pressContinue,
    idToken: (claims) => signIdToken(self, claims),
    stop,
  };
  return self;
}

function entryOf(
  issuer: string,
  clientSecret: ClientSecret | null,
  options: IdentityProviderOptions,
): IdentityProvider {
  return {
    id: options.id ?? 'double',
    name: 'The Double',
    preset: null,
    kind: 'oidc',
    issuer,
    clientId: 'latchkey',
    clientSecret,
    scopes: ['openid', 'email', 'profile'],
    trustEmail: false,
    linking: 'confirm',
    trustsMfa: false,
    enabled: true,
    tenants: null,
    nativeClientIds: [],
    responseMode: options.responseMode ?? 'query',
    tokenHosts: [],
    oauth2: null,
  };
}

type Parts = {
  readonly self: TestIdentityProvider;
  readonly endpoint: ReturnType<typeof createAuthorizationEndpoint>;
  readonly clientSecret: ClientSecret | null;
  readonly options: IdentityProviderOptions;
  /** What userinfo says to whom. */
  readonly tokens: Map<string, Json>;
};

async function handle(
  parts: Parts,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { self, tokens } = parts;
  const { pathname } = new URL(request.url ?? '', self.issuer);
  self.asked.push(pathname);
  const broken = self.lies.broken?.[pathname];
  if (broken === 'hang') return;
  if (broken !== undefined) {
    response.writeHead(broken).end();
    return;
  }
  switch (pathname) {
    case '/.well-known/openid-configuration': {
      const document = discoveryDocument(parts);
      return sendJson(response, 200, self.lies.discovery?.(document) ?? document);
    }
    case '/jwks': {
      const keySet = { keys: [self.key.publicJwk] };
      return sendJson(response, 200, self.lies.jwks?.(keySet) ?? keySet);
    }
    case '/authorize':
      return parts.endpoint.visit(request, response);
    case '/token':
      return giveTokens(parts, request, response);
    case '/userinfo': {
      const body = tokens.get(request.headers.authorization?.replace(/^Bearer /, '') ?? '');
      if (!body) return sendJson(response, 401, { error: 'invalid_token' });
      return sendJson(response, 200, self.lies.userinfo?.(body) ?? body);
    }
    default:
      return sendJson(response, 404, { error: 'not_found' });
  }
}

function discoveryDocument({ self, options }: Parts): Json {
  return {
    issuer: self.issuer,
    authorization_endpoint: `${self.issuer}/authorize`,
    token_endpoint: `${self.issuer}/token`,
    userinfo_endpoint: `${self.issuer}/userinfo`,
    jwks_uri: `${self.issuer}/jwks`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [self.key.alg],
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: options.methods ?? ['client_secret_post'],
    authorization_response_iss_parameter_supported: options.namesIssuer ?? true,
  };
}

async function giveTokens(
  { self, endpoint, clientSecret, tokens }: Parts,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const form = await readForm(request);
  self.forms.push(form);
  if (!(await isClient(self, clientSecret, clientOf(request, form))))
    return sendJson(response, 401, { error: 'invalid_client' });
  const asked = endpoint.redeem(form);
  if (asked === null) return sendJson(response, 400, { error: 'invalid_grant' });
  const accessToken = randomBytes(16).toString('base64url');
  tokens.set(accessToken, self.user);
  const inToken = Object.entries(self.user).filter(([name]) => !self.onlyInUserinfo.includes(name));
  const idToken = await signIdToken(self, {
    ...Object.fromEntries(inToken),
    ...(asked.nonce === null ? {} : { nonce: asked.nonce }),
  });
  const body = {
    access_token: accessToken,
    token_type: 'Bearer',
    expires_in: 600,
    ...(idToken === '' ? {} : { id_token: idToken }),
  };
  sendJson(response, 200, self.lies.tokens?.(body) ?? body);
}

/** Empty where the provider gives none. */
async function signIdToken(self: TestIdentityProvider, own: Json): Promise<string> {
  const now = Math.floor(self.now().getTime() / 1000);
  const good = { iss: self.issuer, aud: 'latchkey', iat: now, exp: now + 600, ...own };
  const claims = self.lies.claims?.(good) ?? good;
  if (self.lies.idToken) return (await self.lies.idToken(claims, self.key)) ?? '';
  const { alg, kid, privateKey } = self.key;
  const header = self.lies.header?.({ alg, kid }) ?? { alg, kid };
  return new SignJWT(claims).setProtectedHeader(header).sign(privateKey);
}

async function isClient(
  self: TestIdentityProvider,
  clientSecret: ClientSecret | null,
  client: { readonly id: string | null; readonly secret: string | null },
): Promise<boolean> {
  if (client.id !== 'latchkey') return false;
  if (clientSecret?.kind !== 'apple') return client.secret === (clientSecret?.value ?? null);
  try {
    const { payload, protectedHeader } = await jwtVerify(
      client.secret ?? '',
      createPublicKey(clientSecret.privateKey),
      {
        algorithms: ['ES256'],
        issuer: clientSecret.teamId,
        subject: 'latchkey',
        audience: self.issuer,
        requiredClaims: ['exp', 'iat'],
        currentDate: self.now(),
      },
    );
    // Apple takes six months at most.
    const life = (payload.exp ?? Number.POSITIVE_INFINITY) - (payload.iat ?? 0);
    return protectedHeader.kid === clientSecret.keyId && life <= 15_777_000;
  } catch {
    return false;
  }
}

/** What Apple posts of the user, the first time and never again. */
function greeting({ name, email }: Json): Json {
  const [firstName = '', ...rest] = String(name ?? '').split(' ');
  return { name: { firstName, lastName: rest.join(' ') }, email };
}
