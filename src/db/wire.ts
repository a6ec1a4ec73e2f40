import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { createPrimaryFinder } from './find-primary.ts';
import { hostUrls } from './host-urls.ts';

/** Milliseconds to connect, the driver's own limit too. */
const connectMs = 5000;
/** Milliseconds between two looks at the connections. */
const lookEvery = 1000;
/** Milliseconds in which all connections are ended once at most because writes are refused. */
const dropEvery = 1000;

/** The connections of a pool, below the driver: which host they go to, and which of them are dead. */
export type Wire = {
  /** What the driver is opened with: a URL of one host, and where its connections come from. */
  readonly url: string;
  readonly socket: () => Promise<Duplex>;
  /** Told what waits for an answer of the database, and that it has it: whatever object stands for it. */
  begins(statement: object): void;
  ends(statement: object): void;
  /** Told that the host refuses writes: its connections end, and new ones look for the primary. */
  refusesWrites(): void;
  close(): void;
};

/**
 * SECURITY: the driver's own way with several hosts is not used (postgres.js 3.4.9): it tries without pause and for ever while none
 * answers, keeps a connection whose first statement was cancelled meanwhile, and takes a primary of before a failover for the primary.
 */
export function createWire(options: { readonly url: string; readonly silenceMs: number }): Wire {
  const urls = hostUrls(options.url);
  const findPrimary = createPrimaryFinder(urls);
  const sockets = new Map<Socket, Heard>();
  const waiting = new Map<object, number>();
  let isClosed = false;
  let droppedAt = Number.NEGATIVE_INFINITY;

  // A machine that vanishes sends nothing, not even an end. What was sent to it is tried again by TCP for a quarter of an hour, and
  // so long every statement on such a connection would wait. The server ends each statement in less: so this is no server any more.
  const look = setInterval(() => {
    const now = performance.now();
    for (const [socket, heard] of sockets) {
      if (socket.destroyed) sockets.delete(socket);
      else if (heard.bytes !== socket.bytesRead) sockets.set(socket, { bytes: socket.bytesRead, at: now });
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
    refusesWrites: () => {
      const now = performance.now();
      if (now - droppedAt < dropEvery) return;
      droppedAt = now;
      for (const socket of sockets.keys()) socket.destroy();
    },
    close: () => {
      isClosed = true;
      clearInterval(look);
      for (const socket of sockets.keys()) socket.destroy();
    },
  };
}

/** With an error, without which the driver would try to connect for the same statement again. Under TLS it listens to none here. */
function giveUp(socket: Socket): void {
  const error = Object.assign(new Error('The database says nothing any more.'), { code: 'CONNECTION_CLOSED' });
  socket.destroy(socket.listenerCount('error') > 0 ? error : undefined);
}

/** Bytes that have come over a connection, and when the last did. */
type Heard = { readonly bytes: number; readonly at: number };

async function open(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '') || 'localhost';
  const socket = connect({ host, port: port === '' ? 5432 : Number(port), noDelay: true });
  const tooLate = setTimeout(() => {
    socket.destroy(Object.assign(new Error('The database does not answer.'), { code: 'CONNECT_TIMEOUT' }));
  }, connectMs);
  try {
    await once(socket, 'connect');
  } finally {
    clearTimeout(tooLate);
  }
  // SECURITY: the driver checks the certificate against this name (TR-2).
  return Object.assign(socket, { host });
}

/** A connection that fails with the first thing that is said over it: the driver keeps no count of one that it was not given. */
function refusal(error: unknown): Duplex {
  const reason = error instanceof Error ? error : new Error('The database cannot be reached.');
  return new Duplex({ read: () => {}, write: (_bytes, _encoding, done) => done(reason) });
}
