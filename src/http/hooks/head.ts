import { isUtf8 } from 'node:buffer';
import { TLSSocket } from 'node:tls';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { AuthError } from '../../errors.ts';
import type { TrustedProxies } from './client-address.ts';
import { requestPath } from './request-path.ts';

type Options = {
  /** PUBLIC_URL; where it is https, nothing is taken over http (TR-1). */
  readonly publicUrl: string;
  readonly trustedProxies: TrustedProxies;
  readonly log: Pick<Logger, 'warn'>;
};

/** Names and values, so twice as many as there are headers. */
const maxHeaderEntries = 100 * 2;

/** What orchestrators ask over plain http from inside, and what discloses nothing. */
const overAnything: ReadonlySet<string> = new Set(['/livez', '/readyz']);

/**
 * Refuses a request by its head, before its body is read: plain http, too many headers. Call it on
 * the root instance, after `errorBody`.
 */
export function requestHead(
  fastify: FastifyInstance,
  { publicUrl, trustedProxies, log }: Options,
): void {
  const httpsOnly = publicUrl.startsWith('https://');
  let warned = false;
  fastify.addHook('onRequest', (request, _reply, done) => {
    if (request.raw.rawHeaders.length > maxHeaderEntries) return done(withStatus(431));
    if (
      !httpsOnly ||
      overAnything.has(requestPath(request.url)) ||
      cameOverHttps(request, trustedProxies)
    ) {
      return done();
    }
    if (!warned) {
      warned = true;
      log.warn(
        {
          event: 'plain_http.refused',
          fromTrustedProxy: trustedProxies.has(request.socket.remoteAddress ?? ''),
        },
        'A request came over plain http and was refused. Behind a proxy: is it in ' +
          'TRUSTED_PROXIES, and does it send X-Forwarded-Proto?',
      );
    }
    // No redirect: what was sent in the clear has been sent, and the client has to be corrected
    // (ASVS 4.1.2).
    done(new AuthError('FORBIDDEN', { message: 'This server is spoken to over https only.' }));
  });
}

/** Over a TLS connection of our own, or over https at every proxy before us that is trusted. */
function cameOverHttps(
  request: Pick<FastifyRequest, 'socket' | 'headers'>,
  trustedProxies: TrustedProxies,
): boolean {
  if (request.socket instanceof TLSSocket) return true;
  if (!trustedProxies.has(request.socket.remoteAddress ?? '')) return false;
  const said = request.headers['x-forwarded-proto'];
  const protocols = (Array.isArray(said) ? said.join(',') : (said ?? '')).split(',');
  return protocols.every((protocol) => protocol.trim().toLowerCase() === 'https');
}

/**
 * JSON and nothing else as a body (TR-5): UTF-8 as RFC 8259 8.1 demands. Invalid bytes are refused,
 * not replaced: two passwords that differ in such bytes would be one (PW-6).
 */
export function jsonBodies(fastify: FastifyInstance): void {
  const parse = fastify.getDefaultJsonParser('error', 'error');
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    // A small body can unfold into a large one, and no client needs to compress what it sends here
    // (GQ-14).
    const { 'content-encoding': encoding = '', 'content-type': type = '' } = request.headers;
    if (!/^(identity)?$/i.test(encoding)) return done(withStatus(415));
    const charset = /;\s*charset=\s*"?([^\s;"]+)/i.exec(type)?.[1];
    if (charset !== undefined && !/^utf-?8$/i.test(charset)) return done(withStatus(415));
    if (!Buffer.isBuffer(body) || !isUtf8(body)) return done(withStatus(400));
    return parse(request, body.toString(), done);
  });
}

function withStatus(statusCode: number): Error {
  return Object.assign(new Error(`refused with ${statusCode}`), { statusCode });
}
