import type { FastifyReply, FastifyRequest } from 'fastify';
import type { App } from '../app.ts';
import type { Context, Observed, StaleBearer, Viewer } from '../context.ts';
import { isGatewayToken } from '../domain/access-tokens/is-gateway-token.ts';
import { authorizationHeader } from './authenticate.ts';
import { addressBucket, clientAddress, type TrustedProxies } from './client-address.ts';
import { refreshCookie } from './refresh-cookie.ts';

/** A request's context while it is being put together; domain and resolvers see it as Context. */
export type OpenContext = Omit<Context, 'viewer' | 'staleBearer'> & {
  viewer: Viewer | null;
  staleBearer: StaleBearer | null;
  authorization: string | undefined;
};

type Input = {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly trustedProxies: TrustedProxies;
  readonly observed?: Observed;
};

/** Authorization belongs to the user for whom a gateway speaks, so it shows GATEWAY_TOKEN in a header of its own (contract.md). */
const gatewayHeader = 'x-gateway-token';
const maxUserAgentLength = 512;

/** What a request brings along. Nobody is signed in yet. */
export function openContext(app: App, { request, reply, trustedProxies, observed }: Input): OpenContext {
  const ipAddress = clientAddress({
    socketAddress: request.socket.remoteAddress,
    forwardedFor: headerOf(request, 'x-forwarded-for'),
    trustedProxies,
  });
  const gatewayToken = headerOf(request, gatewayHeader);
  return {
    ...app,
    authorization: authorizationHeader(request.raw),
    request: {
      id: request.id,
      ipAddress,
      addressBucket: addressBucket(ipAddress),
      userAgent: headerOf(request, 'user-agent')?.slice(0, maxUserAgentLength) ?? null,
      acceptLanguage: headerOf(request, 'accept-language') ?? null,
    },
    observed: observed ?? { kind: null, fields: [], name: null, outcome: null },
    viewer: null,
    staleBearer: null,
    retryAfter: (seconds) => {
      const said = Number(reply.getHeader('retry-after') ?? 0);
      reply.header('retry-after', String(Math.max(said, seconds)));
    },
    gateway: gatewayToken !== undefined && isGatewayToken(app, gatewayToken),
    cookie: refreshCookie(
      app.config,
      {
        cookie: headerOf(request, 'cookie'),
        origin: headerOf(request, 'origin'),
        secFetchSite: headerOf(request, 'sec-fetch-site'),
      },
      // One cookie an answer: some gateways pass on no more than one Set-Cookie.
      (name, value) => reply.header(name, value),
    ),
  };
}

function headerOf(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}
