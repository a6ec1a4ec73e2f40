import { lookup } from 'node:dns/promises';
import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { isLoopbackAddress, isPublicAddress } from './public-address.ts';

export type EgressRequest = {
  readonly url: string;
  /** GET unless told. */
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Milliseconds for all of it, from the name's look-up to the answer's last byte. */
  readonly deadlineMs?: number;
  /** Bytes of an answer's body at most. */
  readonly maxBytes?: number;
};

export type EgressAnswer = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
};

/** The way out for all calls to hosts that somebody else may name. */
export type Egress = {
  /** Rejects with EgressError, and never with anything else. */
  request(request: EgressRequest): Promise<EgressAnswer>;
};

/** Why a call failed. It says nothing of the address, nor of what the other side answered. */
export type EgressReason =
  | 'url_refused'
  | 'address_refused'
  | 'redirected'
  | 'timeout'
  | 'too_large'
  | 'tls'
  | 'connection';

export class EgressError extends Error {
  override readonly name = 'EgressError';
  readonly reason: EgressReason;

  constructor(reason: EgressReason, options?: ErrorOptions) {
    super(`The call failed: ${reason}.`, options);
    this.reason = reason;
  }
}

type Options = {
  /** The addresses of a name; the system's unless told. */
  readonly resolve?: (hostname: string) => Promise<readonly string[]>;
  /** For tests and development: lets this machine's own addresses through, by plain http too. */
  readonly allowLoopback?: boolean;
  /** Certificate authorities in place of the system's, as PEM. */
  readonly ca?: string;
};

const usual = { deadlineMs: 5000, maxBytes: 256 * 1024 };

/**
 * SECURITY: makes calls to public addresses alone, by https (ID-15; OWASP, Server-Side Request
 * Forgery Prevention). Every address of the host is checked, and the connection goes to those that
 * were checked, whatever the name resolves to a moment later. It follows no redirect, asks no
 * proxy, keeps no connection, and ends at one deadline.
 */
export function createEgress(options: Options = {}): Egress {
  const { resolve = resolveBySystem, allowLoopback = false } = options;
  return {
    request: async (request) => {
      const signal = AbortSignal.timeout(request.deadlineMs ?? usual.deadlineMs);
      try {
        const url = readUrl(request.url, allowLoopback);
        const host = url.hostname.replace(/^\[|\]$/g, '');
        const found = isIP(host) === 0 ? await inTime(resolve(host), signal) : [host];
        assertAddresses(found, { allowLoopback, isPlain: url.protocol === 'http:' });
        const message = await send(url, { request, addresses: found, signal, ca: options.ca });
        return await readAnswer(message, request.maxBytes ?? usual.maxBytes);
      } catch (error) {
        throw toEgressError(error, signal);
      }
    },
  };
}

async function resolveBySystem(hostname: string): Promise<string[]> {
  return (await lookup(hostname, { all: true })).map(({ address }) => address);
}

function readUrl(text: string, allowLoopback: boolean): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isAllowed = url?.protocol === 'https:' || (url?.protocol === 'http:' && allowLoopback);
  if (!url || !isAllowed || url.username !== '' || url.password !== '')
    throw new EgressError('url_refused');
  return url;
}

/** All of them, not one: which of them is connected to is not ours to say. */
function assertAddresses(
  addresses: readonly string[],
  { allowLoopback, isPlain }: { readonly allowLoopback: boolean; readonly isPlain: boolean },
): void {
  const isAllowed = (address: string): boolean =>
    (allowLoopback && isLoopbackAddress(address)) || (!isPlain && isPublicAddress(address));
  if (addresses.length === 0) throw new EgressError('connection');
  if (!addresses.every(isAllowed)) throw new EgressError('address_refused');
}

type Call = {
  readonly request: EgressRequest;
  readonly addresses: readonly string[];
  readonly signal: AbortSignal;
  readonly ca: string | undefined;
};

/** The answer's head has come; its body is still to be read. */
function send(url: URL, { request, addresses, signal, ca }: Call): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const start = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const outgoing = start(url, {
      method: request.method ?? 'GET',
      headers: { ...request.headers },
      // An agent of its own: one that is shared may hold a connection to another address.
      agent: false,
      lookup: pinnedTo(addresses),
      signal,
      ...(ca === undefined ? {} : { ca }),
    });
    outgoing.on('error', reject);
    outgoing.once('response', resolve);
    outgoing.end(request.body);
  });
}

/** Node asks for one address or for all; it does not ask where the host is an address already. */
function pinnedTo(addresses: readonly string[]): LookupFunction {
  const all = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_hostname, options, callback) => {
    const [first] = all;
    if (options.all) callback(null, all);
    else callback(null, first?.address ?? '', first?.family ?? 0);
  };
}

async function readAnswer(message: IncomingMessage, maxBytes: number): Promise<EgressAnswer> {
  const { statusCode: status = 0, headers } = message;
  try {
    if (status >= 300 && status < 400) throw new EgressError('redirected');
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of message) {
      size += chunk.length;
      if (size > maxBytes) throw new EgressError('too_large');
      chunks.push(chunk);
    }
    return { status, headers, body: Buffer.concat(chunks) };
  } finally {
    message.destroy();
  }
}

/** What stops waiting at the deadline, where the work itself cannot be stopped. */
async function inTime<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  signal.throwIfAborted();
  let onAbort = (): void => {};
  const end = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort);
  });
  try {
    return await Promise.race([work, end]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function toEgressError(error: unknown, signal: AbortSignal): EgressError {
  if (error instanceof EgressError) return error;
  if (signal.aborted) return new EgressError('timeout', { cause: error });
  const code = error instanceof Error ? String(Reflect.get(error, 'code')) : '';
  const isTls = /CERT|TLS|SSL|EPROTO|UNABLE_TO/.test(code);
  return new EgressError(isTls ? 'tls' : 'connection', { cause: error });
}
