import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { Config } from '../../config/read-config.ts';

type Options = Pick<Config, 'publicUrl' | 'consoleUrl' | 'host'> & {
  readonly log: Pick<Logger, 'warn'>;
};

/**
 * Answers only to names of this machine, of PUBLIC_URL and CONSOLE_URL (CF-5). SECURITY: for
 * development, whose mailbox signs in as anyone. A page of another site can have its own name
 * resolve to 127.0.0.1 (DNS rebinding) and would read this server as its own origin; the name that
 * it asks for stays its own. Call it on the root instance, before what lets a request end early.
 */
export function ownHosts(
  fastify: FastifyInstance,
  { publicUrl, consoleUrl, host, log }: Options,
): void {
  const named = [
    canonicalHost(new URL(publicUrl).host),
    consoleUrl && canonicalHost(new URL(consoleUrl).host),
    host && canonicalHost(inBrackets(host)),
  ];
  let warned = false;
  fastify.addHook('onRequest', (request, reply, done) => {
    const hosts = hostsOf(request).map(canonicalHost);
    // RFC 9112 3.2: 400 where the host is missing, invalid or given twice.
    const isInvalid = hosts.length === 0 || hosts.includes(null);
    const foreign = hosts.find((one) => !named.includes(one) && !isThisMachine(one ?? ''));
    if (!isInvalid && foreign === undefined) return done();
    reply.header('X-Request-Id', request.id);
    if (!isInvalid && !warned) {
      warned = true;
      log.warn(
        { event: 'host.refused', host: foreign },
        'A request for another host was refused. In development this server answers to names ' +
          'of this machine: set PUBLIC_URL where it has another one.',
      );
    }
    done(Object.assign(new Error('refused'), { statusCode: isInvalid ? 400 : 421 }));
  });
}

/**
 * Every host that a request names: its Host headers, and its target where that is a whole URL,
 * which RFC 9112 3.2.2 puts first. Two Host headers are one invalid host.
 */
function hostsOf({ raw, url }: FastifyRequest): string[] {
  const headers = raw.rawHeaders.filter(
    (_, index) => index % 2 === 1 && raw.rawHeaders[index - 1]?.toLowerCase() === 'host',
  );
  const target = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(url)?.[1];
  return [
    ...(headers.length > 0 ? [headers.join(',')] : []),
    ...(target === undefined ? [] : [target]),
  ];
}

/**
 * The host without its port, lower case, without the dot of the root, and addresses in the
 * spelling of WHATWG's URL; null where it is not `name:port`.
 */
export function canonicalHost(text: string): string | null {
  const [, host = '', port = '0'] =
    /^(\[[0-9a-f:.]+\]|[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?)(?::(\d{1,5}))?$/i.exec(text) ?? [];
  if (host === '' || Number(port) > 65_535 || !URL.canParse(`http://${host}`)) return null;
  return new URL(`http://${host}`).hostname.replace(/\.$/, '');
}

/** A loopback name or address, or an address of one of this machine's interfaces. */
function isThisMachine(host: string): boolean {
  if (host === 'localhost' || host.endsWith('.localhost')) return true;
  if (isIP(host) === 4 && host.startsWith('127.')) return true;
  if (['[::1]', '[::ffff:7f00:1]'].includes(host)) return true;
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .some(({ address }) => canonicalHost(inBrackets(address.split('%')[0] ?? '')) === host);
}

function inBrackets(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host;
}
