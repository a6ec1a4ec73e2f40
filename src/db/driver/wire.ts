import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { createPrimaryFinder } from './find-primary.ts';
import { hostUrls } from './host-urls.ts';

/** Milliseconds to connect, the driver's own limit too. */
const connectMs = 5000;
/** Milliseconds between two looks at the connections. */
const lookEvery = 1000;
/** Milliseconds in which a driver that has its connection says something. */
const speechlessMs = 1000;
/** Milliseconds in which all connections are renewed once at most. */
const renewEvery = 1000;

/**
 * The connections of a pool, below the driver: which host they go to, and which of them are dead.
 */
export type Wire = {
  /** What the driver is opened with: a URL of one host, and where its connections come from. */
  readonly url: string;
  readonly socket: () => Promise<Duplex>;
  /**
   * Told what waits for an answer of the database, and that it has it: whatever object stands for
   * it.
   */
  begins(statement: object): void;
  ends(statement: object): void;
  /**
   * Told that the host refuses writes: all connections are renewed, and the new ones look for the
   * primary.
   */
  refusesWrites(): void;
  /** Whether anything waits for an answer. */
  isWaiting(): boolean;
  close(): void;
};

type WireOptions = {
  /** Of one host or more. */
  readonly url: string;
  /**
   * After so long a connection that should have brought an answer counts as dead; longer than any
   * statement may take.
   */
  readonly silenceMs: number;
  /** Called where the pool must be made anew. */
  readonly renew?: () => void;
};

/**
 * SECURITY: the driver's own way with several hosts is not used (postgres.js 3.4.9): it tries
 * without pause and for ever while none answers, keeps a connection whose first statement was
 * cancelled meanwhile, and takes a primary of before a failover for the primary.
 */
export function createWire(options: WireOptions): Wire {
  const urls = hostUrls(options.url);
  const findPrimary = createPrimaryFinder(urls);
  const sockets = new Map<Socket, Heard>();
  const waiting = new Map<object, number>();
  let isClosed = false;
  let renewedAt = Number.NEGATIVE_INFINITY;

  const renew = (): void => {
    const now = performance.now();
    if (isClosed || now - renewedAt < renewEvery) return;
    renewedAt = now;
    options.renew?.();
  };

  // A machine that vanishes sends nothing, not even an end. What was sent to it is tried again by
  // TCP for a quarter of an hour, and so long every statement on such a connection would wait. The
  // server ends each statement in less: so this is no server any more.
  const look = setInterval(() => {
    const now = performance.now();
    for (const [socket, heard] of sockets) {
      if (socket.destroyed) sockets.delete(socket);
      else if (heard.bytes !== socket.bytesRead)
        sockets.set(socket, { bytes: socket.bytesRead, at: now });
      else if (socket.bytesWritten === 0 && now - heard.at >= speechlessMs) {
        // A connection that closes while the driver is about to write leaves it so that it never
        // writes again (postgres.js 3.4.9).
        giveUp(socket);
        renew();
      }
    }
    const [oldest = now] = waiting.values();
    if (now - oldest < options.silenceMs) return;
    for (const [socket, { at }] of sockets) if (now - at >= options.silenceMs) giveUp(socket);
  }, lookEvery);
  look.unref();

  return {
    url: urls[0] ?? '',
    socket: async () => {
      try {
        const socket = await open(await findPrimary());
        if (isClosed) socket.destroy();
        sockets.set(socket, { bytes: 0, at: performance.now() });
        return socket;
      } catch (error) {
        return refusal(error);
      }
    },
    begins: (statement) => void waiting.set(statement, performance.now()),
    ends: (statement) => void waiting.delete(statement),
    refusesWrites: renew,
    isWaiting: () => waiting.size > 0,
    close: () => {
      isClosed = true;
      clearInterval(look);
      for (const socket of sockets.keys()) socket.destroy();
    },
  };
}

/**
 * With an error, without which the driver would try to connect for the same statement again. Under
 * TLS it listens to none here.
 */
function giveUp(socket: Socket): void {
  const error = Object.assign(new Error('The database says nothing any more.'), {
    code: 'CONNECTION_CLOSED',
  });
  socket.destroy(socket.listenerCount('error') > 0 ? error : undefined);
}

/** Bytes that have come over a connection, and when the last did. */
type Heard = { readonly bytes: number; readonly at: number };

async function open(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '') || 'localhost';
  const socket = connect({ host, port: port === '' ? 5432 : Number(port), noDelay: true });
  const tooLate = setTimeout(() => {
    socket.destroy(
      Object.assign(new Error('The database does not answer.'), { code: 'CONNECT_TIMEOUT' }),
    );
  }, connectMs);
  try {
    await once(socket, 'connect');
  } finally {
    clearTimeout(tooLate);
  }
  // SECURITY: the driver checks the certificate against this name (TR-2).
  return Object.assign(socket, { host });
}

/**
 * A connection that fails with the first thing that is said over it: the driver keeps no count of
 * one that it was not given.
 */
function refusal(error: unknown): Duplex {
  const reason = error instanceof Error ? error : new Error('The database cannot be reached.');
  return new Duplex({ read: () => {}, write: (_bytes, _encoding, done) => done(reason) });
}
