import { lookup } from 'node:dns/promises';
import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { isLoopbackAddress, isPublicAddress } from './public-address.ts';

export type EgressRequest = {
  readonly url: string;
  /** Default GET. */
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Milliseconds for the whole call, from the name look-up to the answer's last byte. */
  readonly deadlineMs?: number;
  /** Most bytes of an answer's body. */
  readonly maxBytes?: number;
};

export type EgressAnswer = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
};

/** The only client for calls to hosts that a caller can choose. */
export type Egress = {
  /** Rejects only with EgressError. */
  request(request: EgressRequest): Promise<EgressAnswer>;
};

/** Why a call failed. It discloses neither the address nor the answer. */
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
  /** Resolves a name to its addresses; default the system's resolver. */
  readonly resolve?: (hostname: string) => Promise<readonly string[]>;
  /** For tests and development: allows this machine's own addresses, also over plain http. */
  readonly allowLoopback?: boolean;
  /** Certificate authorities in place of the system's, as PEM. */
  readonly ca?: string;
};

const usual = { deadlineMs: 5000, maxBytes: 256 * 1024 };

/**
 * SECURITY: calls only public addresses, over https (ID-15; OWASP, Server-Side Request Forgery
 * Prevention). Every address of the host is checked, and the connection goes to those checked
 * addresses, whatever the name resolves to a moment later. It follows no redirect, uses no proxy,
 * keeps no connection, and has one deadline.
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

/** Checks all of them, because Node chooses which one it connects to. */
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

/** Called when the answer's head has arrived; its body is still to be read. */
function send(url: URL, { request, addresses, signal, ca }: Call): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const start = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const outgoing = start(url, {
      method: request.method ?? 'GET',
      headers: { ...request.headers },
      // An agent of its own: a shared one may hold a connection to another address.
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

/** Node asks for one address or for all; it does not ask when the host already is an address. */
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

/** Stops waiting at the deadline when the work itself cannot be cancelled. */
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
