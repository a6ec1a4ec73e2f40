import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { App } from '../../app.ts';
import type {
  Context,
  Network,
  Observed,
  RefreshCookie,
  RequestInfo,
  RequestLoaders,
  StaleBearer,
  Viewer,
} from '../../context.ts';
import type { Db } from '../../db/driver/client.ts';
import { isGatewayToken } from '../../domain/access-tokens/is-gateway-token.ts';
import { clientAddress, clientNetworks, type TrustedProxies } from '../hooks/client-address.ts';
import { authorizationHeader } from './authenticate.ts';
import type { LongTexts } from './long-texts.ts';
import { refreshCookie } from './refresh-cookie.ts';

/** A request's context while it is being filled in; domain and resolvers see it as Context. */
export type RequestContext = Omit<Context, 'viewer' | 'staleBearer'> & {
  viewer: Viewer | null;
  staleBearer: StaleBearer | null;
  authorization: string | undefined;
};

/** The request's own handles to the database. */
export type Handles = {
  readonly db: Db;
  readonly readDb: Db;
};

type Request = Pick<FastifyRequest, 'id' | 'headers' | 'socket'> & {
  readonly raw: Pick<FastifyRequest['raw'], 'rawHeaders'>;
};

type Input = {
  readonly request: Request;
  readonly reply: Pick<FastifyReply, 'getHeader' | 'header'>;
  readonly trustedProxies: TrustedProxies;
  readonly observed?: Observed;
  /** The App's own unless told. */
  readonly handles?: Handles;
  readonly longTexts?: LongTexts;
  readonly log?: Logger;
};

/**
 * Authorization belongs to the user for whom a gateway speaks, so it shows GATEWAY_TOKEN in a
 * header of its own (contract.md).
 */
const gatewayHeader = 'x-gateway-token';
const maxUserAgentLength = 512;

/** The context of one request, in which no one is signed in yet. */
export function createContext(app: App, input: Input): RequestContext {
  const create = factories.get(app) ?? createFactory(app);
  factories.set(app, create);
  return create(input);
}

const factories = new WeakMap<App, (input: Input) => RequestContext>();

/**
 * Makes the contexts of one App, which is their prototype: a context has some forty members, needs
 * a few, and copies none. What is costly to make (a handle to the database, the client's address)
 * is made when it is first asked for.
 */
function createFactory(app: App): (input: Input) => RequestContext {
  class AppContext {
    readonly authorization: string | undefined;
    readonly request: RequestInfo;
    readonly observed: Observed;
    readonly log: Logger;
    readonly gateway: boolean;
    readonly loaders: RequestLoaders = {};
    viewer: Viewer | null = null;
    staleBearer: StaleBearer | null = null;
    readonly exchange: Exchange;

    constructor(input: Input) {
      const { request, observed } = input;
      const gatewayToken = headerOf(request, gatewayHeader);
      this.authorization = authorizationHeader(request.raw);
      this.request = new RequestFacts(input);
      this.observed = observed ?? { kind: null, fields: [], name: null, outcome: null };
      this.log = input.log ?? app.log;
      this.gateway = gatewayToken !== undefined && isGatewayToken(app, gatewayToken);
      this.exchange = new Exchange(app, input);
    }
    get db(): Db {
      return this.exchange.handles.db;
    }
    get readDb(): Db {
      return this.exchange.handles.readDb;
    }
    get cookie(): RefreshCookie {
      return this.exchange.cookie();
    }
    get retryAfter(): (seconds: number) => void {
      const { exchange } = this;
      return (seconds) => exchange.retryAfter(seconds);
    }
    get longText(): Context['longText'] {
      return this.exchange.longText();
    }
  }
  Object.setPrototypeOf(AppContext.prototype, app);
  // TypeScript does not see what comes by the prototype.
  return (input) => new AppContext(input) as AppContext & App;
}

/** The request and its answer, behind what the domain sees of them. */
class Exchange {
  readonly handles: Handles;
  readonly #app: App;
  readonly #input: Input;
  #cookie: RefreshCookie | undefined;

  constructor(app: App, input: Input) {
    this.#app = app;
    this.#input = input;
    this.handles = input.handles ?? app;
  }

  // A method: V8 allocates a function that a constructor assigns to a property among old objects,
  // and keeps all that it closes over until the next full garbage collection.
  retryAfter(seconds: number): void {
    const { reply } = this.#input;
    const said = Number(reply.getHeader('retry-after') ?? 0);
    reply.header('retry-after', String(Math.max(said, seconds)));
  }

  longText(): Context['longText'] {
    const { longTexts } = this.#input;
    if (!longTexts) throw new Error('This route has no long texts.');
    return (pieces) => longTexts.add(pieces);
  }

  cookie(): RefreshCookie {
    const { request, reply } = this.#input;
    this.#cookie ??= refreshCookie(
      this.#app.config,
      {
        host: headerOf(request, 'host'),
        cookie: headerOf(request, 'cookie'),
        origin: headerOf(request, 'origin'),
        secFetchSite: headerOf(request, 'sec-fetch-site'),
      },
      // One cookie an answer: some gateways pass on no more than one Set-Cookie.
      (name, value) => reply.header(name, value),
    );
    return this.#cookie;
  }
}

/** Read from the request when first asked for, and unchanged from then on. */
class RequestFacts implements RequestInfo {
  readonly id: string;
  readonly #input: Input;
  /** Read at once: after the peer has disconnected there is none. */
  readonly #socketAddress: string | undefined;
  #ipAddress: string | undefined;
  #networks: readonly Network[] | undefined;

  constructor(input: Input) {
    this.id = input.request.id;
    this.#input = input;
    this.#socketAddress = input.request.socket.remoteAddress;
  }

  get ipAddress(): string {
    const { request, trustedProxies } = this.#input;
    this.#ipAddress ??= clientAddress({
      socketAddress: this.#socketAddress,
      forwardedFor: headerOf(request, 'x-forwarded-for'),
      trustedProxies,
    });
    return this.#ipAddress;
  }

  get networks(): readonly Network[] {
    this.#networks ??= clientNetworks(this.ipAddress);
    return this.#networks;
  }

  get userAgent(): string | null {
    return headerOf(this.#input.request, 'user-agent')?.slice(0, maxUserAgentLength) ?? null;
  }

  get acceptLanguage(): string | null {
    return headerOf(this.#input.request, 'accept-language') ?? null;
  }
}

function headerOf(request: Pick<Request, 'headers'>, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}
