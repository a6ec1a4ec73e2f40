import type { FastifyReply, FastifyRequest } from 'fastify';
import type { App } from '../../../app.ts';
import { sessionOfToken } from '../../../domain/access-tokens/session-of-token.ts';
import { localeOf, nearestLocale, preferredLocale } from '../../../domain/emails/locales.ts';
import { isErrorCode } from '../../../errors.ts';
import type { OperationAnswer, OperationRunner } from '../../graphql/run-operation.ts';
import { statusOfRefusal } from '../../hooks/errors.ts';
import type { Tokens } from './answers.ts';
import { type Language, messagesIn } from './language.ts';
import type { Messages } from './messages/messages.ts';
import type { Visitor } from './page.ts';
import { type PageCookies, pageCookies } from './page-cookies.ts';
import { readStep, type Step, writeStep } from './step.ts';

export type PagesOptions = { readonly app: App; readonly run: OperationRunner };

/** What the API answers to a page's operation, if it is no error. */
export type Data = Readonly<Record<string, unknown>>;
export type Asked = { readonly data: Data; readonly answer: OperationAnswer };

/** A top-level error of the API: nothing was done. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  constructor(
    readonly code: string,
    readonly status: number,
  ) {
    super(code);
  }
}

/** One request to a page, and all that it may read and write. */
export class Visit implements Visitor {
  readonly query: URLSearchParams;
  readonly cookies: PageCookies;
  language: Language;
  step: Step;
  readonly #hasChosen: boolean;
  #accessToken: string | undefined;
  readonly #options: PagesOptions;
  readonly #request: FastifyRequest;
  readonly #reply: FastifyReply;

  constructor(options: PagesOptions, request: FastifyRequest, reply: FastifyReply) {
    this.#options = options;
    this.#request = request;
    this.#reply = reply;
    this.query = new URLSearchParams(searchOf(request.url));
    this.cookies = pageCookies(options.app.config, request.headers.cookie, reply);
    this.step = readStep(this.cookies.read('step'));
    this.#accessToken = this.cookies.read('access');
    const choice = localeOf(this.query.get('lang') ?? this.cookies.read('language') ?? '');
    this.#hasChosen = choice !== null;
    this.language = choice ?? preferredLocale(request.headers['accept-language'] ?? null) ?? 'en';
    if (this.query.has('lang') && choice !== null) this.chooseLanguage(choice);
  }

  get config(): App['config'] {
    return this.#options.app.config;
  }

  get publicUrl(): string {
    return this.config.publicUrl;
  }

  readonly presetOf = (providerId: string): string | null =>
    this.config.identityProviders.find(({ id }) => id === providerId)?.preset ?? null;

  /** Whether passkeys can be used at PUBLIC_URL: an app's may belong to its own origin alone. */
  get takesPasskeys(): boolean {
    const { passkeys, publicUrl } = this.config;
    return passkeys.enabled && passkeys.origins.includes(new URL(publicUrl).origin);
  }

  get now(): Date {
    return this.#options.app.clock.now();
  }

  get messages(): Messages {
    return messagesIn(this.language);
  }

  /** Path and query. */
  get url(): string {
    return this.path + searchOf(this.#request.url);
  }

  /** SECURITY: the route's, since a request may ask for a whole URL (RFC 9112 3.2.2). */
  get path(): string {
    return this.#request.routeOptions.url ?? '';
  }

  get takesBrotli(): boolean {
    return /\bbr\b/.test(String(this.#request.headers['accept-encoding'] ?? ''));
  }

  /** The account's own language, unless this browser has chosen one. */
  takeLanguage(locale: string | null): void {
    if (this.#hasChosen || locale === null) return;
    this.language = nearestLocale(locale);
  }

  get hasAccessToken(): boolean {
    return this.#accessToken !== undefined;
  }

  /** As the access token names it, unverified; null without one. */
  get sessionId(): string | null {
    return this.#accessToken === undefined ? null : sessionOfToken(this.#accessToken);
  }

  /**
   * Whether a link of another site led here: the browser then leaves out cookies that are
   * SameSite=Strict.
   */
  get isFromElsewhere(): boolean {
    return this.#request.headers['sec-fetch-site'] === 'cross-site';
  }

  get mayBeSignedIn(): boolean {
    return this.#accessToken !== undefined || this.cookies.hasSession;
  }

  /** Keeps what the browser has begun, in place of what it had. */
  keep(step: Step): void {
    this.step = step;
    const isEmpty = Object.values(step).every((part) => part === undefined);
    if (!isEmpty || this.cookies.read('step') !== undefined)
      this.cookies.write('step', isEmpty ? null : writeStep(step));
  }

  /**
   * Begins what another provider is asked for. The verifier is kept as long as another tab may wait
   * for its provider.
   */
  beginIdentity(purpose: 'LOGIN' | 'LINK'): void {
    const verifier = this.step.identity?.verifier ?? this.#options.app.random.token(32);
    this.step = { ...this.step, identity: { purpose, verifier } };
  }

  /** From now on, in this browser; null for the account's or the browser's own. */
  chooseLanguage(language: Language | null): void {
    this.cookies.write('language', language, year);
  }

  signIn({ accessToken, accessTokenExpiresAt }: Tokens): void {
    this.#accessToken = accessToken;
    const left = Date.parse(accessTokenExpiresAt) - this.now.getTime();
    this.cookies.write('access', accessToken, Math.max(0, Math.floor(left / 1000)));
  }

  signOut(): void {
    this.#accessToken = undefined;
    this.cookies.write('access', null);
  }

  /**
   * Runs an operation as `POST /graphql` does: with this browser's cookie, address and language.
   * Throws a Refusal for a top-level error.
   */
  async ask(document: string, operationName: string, variables: object = {}): Promise<Asked> {
    const body = { query: document, operationName, variables };
    const answer = await this.#options.run(this.#operationRequest(body), this.#reply);
    const { data, errors } = JSON.parse(answer.text);
    const [error] = errors ?? [];
    if (error) throw refusalOf(String(error.extensions?.code), answer.status);
    return { data, answer };
  }

  #operationRequest(body: object): Parameters<OperationRunner>[0] {
    const { id, socket, span, headers } = this.#request;
    const kept = Object.fromEntries(passedOn.map((name) => [name, headers[name]]));
    const token = this.#accessToken;
    return {
      id,
      socket,
      span,
      method: 'POST',
      url: '/graphql',
      body,
      raw: { rawHeaders: token === undefined ? [] : ['authorization', `Bearer ${token}`] },
      headers: {
        ...kept,
        accept: 'application/json',
        'accept-language': this.language,
        'content-type': 'application/json',
        'content-length': String(Buffer.byteLength(JSON.stringify(body))),
        // The page asks, which has judged where its own request came from.
        origin: this.#options.app.config.publicUrl,
      },
    };
  }
}

/** The query of a request's target, with its `?`; empty where there is none. */
function searchOf(target: string): string {
  const [, query] = /^[^?#]*(\?[^#]*)/.exec(target) ?? [];
  return query ?? '';
}

/** In seconds. */
const year = 365 * 86_400;

/** GraphQL answers with 200 what a field refuses; a page has a status of its own. */
function refusalOf(code: string, status: number): Refusal {
  if (status >= 400) return new Refusal(code, status);
  return new Refusal(code, isErrorCode(code) ? statusOfRefusal({ code }) : 500);
}

/** SECURITY: no Authorization and no gateway's token, which a browser has no business to send. */
const passedOn = ['cookie', 'user-agent', 'x-forwarded-for', 'traceparent'] as const;
