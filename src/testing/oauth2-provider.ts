import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { IdentityProvider } from '../config/identity-providers.ts';
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
import type { Json } from './identity-provider.ts';

/** A provider of OAuth 2 without OpenID Connect on loopback, with endpoints as GitHub's. */
export type TestOAuth2Provider = {
  readonly origin: string;
  /** What userinfo answers; a test may put anything into it. */
  user: Json;
  /** What the list of addresses answers. */
  emails: unknown;
  /** `button`: the page waits for a click on `Continue`. */
  page: 'at once' | 'button';
  /** Answers in place of the tokens. */
  tokens: ((body: Json) => unknown) | null;
  /** Changes the answer that the browser carries. */
  callback: ((parameters: URLSearchParams) => void) | null;
  /** Paths that were asked for, in order. */
  readonly asked: string[];
  readonly forms: URLSearchParams[];
  readonly requests: readonly AuthorizationRequest[];
  /** For `config.identityProviders`. */
  entry(overrides?: Partial<IdentityProvider>): IdentityProvider;
  /** Presses `Continue` without a browser. */
  press(authorizationUrl: string): Promise<SentBack>;
  stop(): Promise<void>;
};

export type OAuth2ProviderOptions = {
  /** Default `plain`. */
  readonly id?: string;
  /** Whether it knows PKCE, or refuses it as LinkedIn does. Default true. */
  readonly usesPkce?: boolean;
};

export async function startOAuth2Provider(
  options: OAuth2ProviderOptions = {},
): Promise<TestOAuth2Provider> {
  const secret = randomBytes(24).toString('base64url');
  const accessTokens = new Set<string>();
  const { usesPkce = true } = options;
  const endpoint = createAuthorizationEndpoint({
    clientId: 'latchkey',
    usesPkce,
    responseMode: 'query',
    page: () => self.page,
    answer: (parameters) => self.callback?.(parameters),
  });
  const { origin, stop } = await listenAsProvider((request, response) =>
    handle({ self, endpoint, secret, accessTokens, usesPkce }, request, response),
  );
  const self: TestOAuth2Provider = {
    origin,
    user: { id: 583_231, login: 'ada', name: 'Ada', email: 'public@example.com' },
    emails: [
      { email: 'old@example.com', primary: false, verified: true },
      { email: 'ada@example.com', primary: true, verified: true },
    ],
    page: 'at once',
    tokens: null,
    callback: null,
    asked: [],
    forms: [],
    requests: endpoint.requests,
    entry: (overrides) => ({ ...entryOf(origin, secret, options), ...overrides }),
    press: pressContinue,
    stop,
  };
  return self;
}

function entryOf(
  origin: string,
  secret: string,
  { id = 'plain', usesPkce = true }: OAuth2ProviderOptions,
): IdentityProvider {
  return {
    id,
    name: 'The Plain One',
    preset: null,
    kind: 'oauth2',
    issuer: origin,
    clientId: 'latchkey',
    clientSecret: { kind: 'text', value: secret },
    scopes: ['read:user', 'user:email'],
    trustEmail: false,
    linking: 'confirm',
    trustsMfa: false,
    enabled: true,
    tenants: null,
    nativeClientIds: [],
    responseMode: 'query',
    tokenHosts: [],
    oauth2: {
      authorizationUrl: `${origin}/login/oauth/authorize`,
      tokenUrl: `${origin}/login/oauth/access_token`,
      userinfoUrl: `${origin}/user`,
      emailsUrl: `${origin}/user/emails`,
      members: {
        subject: 'id',
        email: 'email',
        emailVerified: 'email_verified',
        name: 'name',
        label: 'login',
      },
      usesPkce,
    },
  };
}

type Parts = {
  readonly self: TestOAuth2Provider;
  readonly endpoint: ReturnType<typeof createAuthorizationEndpoint>;
  readonly secret: string;
  readonly accessTokens: Set<string>;
  readonly usesPkce: boolean;
};

async function handle(
  { self, endpoint, secret, accessTokens, usesPkce }: Parts,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { pathname } = new URL(request.url ?? '', self.origin);
  self.asked.push(pathname);
  if (pathname === '/login/oauth/authorize') return endpoint.visit(request, response);
  if (pathname === '/login/oauth/access_token') {
    const form = await readForm(request);
    self.forms.push(form);
    const client = clientOf(request, form);
    // GitHub says what is wrong with 200.
    if (client.id !== 'latchkey' || client.secret !== secret)
      return sendJson(response, 200, { error: 'incorrect_client_credentials' });
    if ((!usesPkce && form.has('code_verifier')) || endpoint.redeem(form) === null)
      return sendJson(response, 200, { error: 'bad_verification_code' });
    const accessToken = randomBytes(16).toString('base64url');
    accessTokens.add(accessToken);
    const body = { access_token: accessToken, token_type: 'bearer', scope: 'user:email' };
    return sendJson(response, 200, self.tokens?.(body) ?? body);
  }
  const token = request.headers.authorization?.replace(/^Bearer /, '') ?? '';
  if (!accessTokens.has(token)) return sendJson(response, 401, { message: 'Bad credentials' });
  // GitHub refuses callers that do not say what they are.
  if (!request.headers['user-agent']) return sendJson(response, 403, { message: 'User-Agent' });
  if (pathname === '/user') return sendJson(response, 200, self.user);
  if (pathname === '/user/emails') return sendJson(response, 200, self.emails);
  return sendJson(response, 404, { message: 'Not Found' });
}
