import type { IncomingMessage } from 'node:http';
import type { Logger } from 'pino';
import type { App } from '../../app.ts';
import type {
  Context,
  Observed,
  RefreshCookie,
  RequestInfo,
  RequestLoaders,
  StaleBearer,
  Viewer,
} from '../../context.ts';
import type { Db } from '../../db/driver/client.ts';
import type { StatementOwner } from '../../db/driver/statement-owner.ts';
import { isGatewayToken } from '../../domain/access-tokens/is-gateway-token.ts';
import { addressBucket, clientAddress, type TrustedProxies } from '../hooks/client-address.ts';
import { authorizationHeader } from './authenticate.ts';
import { refreshCookie } from './refresh-cookie.ts';

/** A request's context while it is being put together; domain and resolvers see it as Context. */
export type OpenContext = Omit<Context, 'viewer' | 'staleBearer'> & {
  viewer: Viewer | null;
  staleBearer: StaleBearer | null;
  authorization: string | undefined;
};

/**
 * The request's own way to the database; and whom statements are for that it shares with others,
 * nobody unless told.
 */
export type Ways = {
  readonly db: Db;
  readonly readDb: Db;
  readonly statementOwner?: StatementOwner;
};

const nobody: StatementOwner = { over: null };

/** What a context has of its request: Fastify's, or Node's own with an id. */
export type Incoming = Pick<IncomingMessage, 'headers' | 'socket'> & {
  readonly id: string;
  readonly raw: Pick<IncomingMessage, 'rawHeaders'>;
};

/** Where the answer's headers are gathered. */
export type Outgoing = {
  getHeader(name: string): number | string | string[] | undefined;
  header(name: string, value: string): unknown;
};

type Input = {
  readonly request: Incoming;
  readonly reply: Outgoing;
  readonly trustedProxies: TrustedProxies;
  readonly observed?: Observed;
  /** The App's own unless told. */
  readonly ways?: Ways;
  readonly log?: Logger;
};

/**
 * Authorization belongs to the user for whom a gateway speaks, so it shows GATEWAY_TOKEN in a
 * header of its own (contract.md).
 */
const gatewayHeader = 'x-gateway-token';
const maxUserAgentLength = 512;

/** What a request brings along. Nobody is signed in yet. */
export function openContext(app: App, input: Input): OpenContext {
  const known = makers.get(app) ?? contextsOf(app);
  makers.set(app, known);
  return known(input);
}

const makers = new WeakMap<App, (input: Input) => OpenContext>();

/**
 * Contexts of one App, which they have as their prototype: a request has some forty things at hand,
 * needs a few, and copies none. What costs something to make (a way to the database, the client's
 * address) is made when it is asked for.
 */
function contextsOf(app: App): (input: Input) => OpenContext {
  class RequestContext {
    readonly authorization: string | undefined;
    readonly request: RequestInfo;
    readonly observed: Observed;
    readonly log: Logger;
    readonly gateway: boolean;
    readonly loaders: RequestLoaders = {};
    viewer: Viewer | null = null;
    staleBearer: StaleBearer | null = null;
    readonly carrier: Carrier;

    constructor(input: Input) {
      const { request, observed } = input;
      const gatewayToken = headerOf(request, gatewayHeader);
      this.authorization = authorizationHeader(request.raw);
      this.request = new RequestFacts(input);
      this.observed = observed ?? { kind: null, fields: [], name: null, outcome: null };
      this.log = input.log ?? app.log;
      this.gateway = gatewayToken !== undefined && isGatewayToken(app, gatewayToken);
      this.carrier = new Carrier(app, input);
    }
    get db(): Db {
      return this.carrier.ways.db;
    }
    get readDb(): Db {
      return this.carrier.ways.readDb;
    }
    get statementOwner(): StatementOwner {
      return this.carrier.ways.statementOwner ?? nobody;
    }
    get cookie(): RefreshCookie {
      return this.carrier.cookie();
    }
    get retryAfter(): (seconds: number) => void {
      const { carrier } = this;
      return (seconds) => carrier.retryAfter(seconds);
    }
  }
  Object.setPrototypeOf(RequestContext.prototype, app);
  // TypeScript does not see what comes by the prototype.
  return (input) => new RequestContext(input) as RequestContext & App;
}

/** The request and its answer, behind what the domain sees of them. */
class Carrier {
  readonly ways: Ways;
  readonly #app: App;
  readonly #input: Input;
  #cookie: RefreshCookie | undefined;

  constructor(app: App, input: Input) {
    this.#app = app;
    this.#input = input;
    this.ways = input.ways ?? app;
  }

  // A method: a function that a constructor assigns to a property is made among old objects, and
  // keeps all that it sees until the next full collection of garbage.
  retryAfter(seconds: number): void {
    const { reply } = this.#input;
    const said = Number(reply.getHeader('retry-after') ?? 0);
    reply.header('retry-after', String(Math.max(said, seconds)));
  }

  cookie(): RefreshCookie {
    const { request, reply } = this.#input;
    this.#cookie ??= refreshCookie(
      this.#app.config,
      {
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

/** Read from the request at the first look, and the same ever after. */
class RequestFacts implements RequestInfo {
  readonly id: string;
  readonly #input: Input;
  /** Taken at once: a peer that has gone has none any more. */
  readonly #socketAddress: string | undefined;
  #ipAddress: string | undefined;
  #bucket: string | undefined;

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

  get addressBucket(): string {
    this.#bucket ??= addressBucket(this.ipAddress);
    return this.#bucket;
  }

  get userAgent(): string | null {
    return headerOf(this.#input.request, 'user-agent')?.slice(0, maxUserAgentLength) ?? null;
  }

  get acceptLanguage(): string | null {
    return headerOf(this.#input.request, 'accept-language') ?? null;
  }
}

function headerOf(request: Pick<Incoming, 'headers'>, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}
