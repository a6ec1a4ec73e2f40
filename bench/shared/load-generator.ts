import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Load, LoadResult } from './load.ts';

// Keeps so many connections busy, one request at a time on each, and looks at every answer. Over
// plain sockets: a client library would take more of its core than the server takes of the other.
// Started by bench/load.ts.

const endOfHead = Buffer.from('\r\n\r\n');
const lengthPattern = /\r\ncontent-length: (\d+)/i;

type Connection = {
  ask(request: string): Promise<string>;
  /** Whether the last answer said that it was the last. */
  isOver(): boolean;
  close(): void;
};

/** One connection; `ask` answers with the body of the answer to `request`. */
async function open(port: number): Promise<Connection> {
  const socket: Socket = connect(port, '127.0.0.1').setNoDelay(true);
  await new Promise<void>((resolve, reject) =>
    socket.once('connect', resolve).once('error', reject),
  );
  let waiting: { resolve(body: string): void; reject(error: Error): void } | null = null;
  let rest = Buffer.alloc(0);
  let bodyBegins = -1;
  let bodyEnds = -1;
  let isOver = false;
  socket.on('data', (part) => {
    rest = rest.length === 0 ? part : Buffer.concat([rest, part]);
    if (bodyBegins < 0) {
      const end = rest.indexOf(endOfHead);
      if (end < 0) return;
      bodyBegins = end + endOfHead.length;
      const head = rest.toString('latin1', 0, end);
      bodyEnds = bodyBegins + Number(lengthPattern.exec(head)?.[1] ?? 0);
      isOver = /\r\nconnection: close/i.test(head);
    }
    if (rest.length < bodyEnds) return;
    const body = rest.toString('utf8', bodyBegins, bodyEnds);
    rest = rest.subarray(bodyEnds);
    bodyBegins = -1;
    const { resolve } = waiting ?? {};
    waiting = null;
    resolve?.(body);
  });
  socket.on('error', (error) => waiting?.reject(error));
  socket.on('close', () => waiting?.reject(new Error('The connection closed.')));
  return {
    ask: (request) =>
      new Promise((resolve, reject) => {
        waiting = { resolve, reject };
        socket.write(request);
      }),
    isOver: () => isOver,
    close: () => socket.destroy(),
  };
}

async function run(load: Load): Promise<LoadResult> {
  const times: number[] = [];
  const wrong: string[] = [];
  let wrongCount = 0;
  let count = 0;
  let shed = 0;
  const begun = performance.now();
  const counted = begun + (load.warmUpSeconds ?? 0) * 1000;
  const end = counted + load.seconds * 1000;
  const every = load.rate === undefined ? 0 : (1000 * load.connections) / load.rate;

  const judge = (body: string, expected: string, sent: number): void => {
    const now = performance.now();
    // By when the answer came: where it takes seconds, those that were asked for before are part of
    // what the server does in this time.
    const counts = now >= counted && now <= end;
    if (body.includes(expected)) {
      if (counts) count += 1;
      if (sent >= counted) times.push(now - sent);
    } else if (load.shed !== undefined && body.includes(load.shed)) shed += counts ? 1 : 0;
    else {
      wrongCount += 1;
      if (wrong.length < 5) wrong.push(body.slice(0, 300));
    }
  };

  const keepAsking = async (n: number): Promise<void> => {
    let connection = await open(load.port);
    const first = load.requests[n % load.requests.length] ?? '';
    const expected = load.expected[n % load.expected.length] ?? '';
    let request = first;
    let due = begun + (every * n) / load.connections;
    while (performance.now() < end) {
      if (every > 0) {
        const wait = due - performance.now();
        if (wait > 0) await sleep(wait);
        due += every;
      }
      const sent = performance.now();
      try {
        const body = await connection.ask(request);
        judge(body, expected, sent);
        if (load.chained) request = chain(request, body);
      } catch (error) {
        judge(String(error), expected, sent);
        connection = await open(load.port);
        continue;
      }
      // Servers end a connection after so many requests.
      if (!connection.isOver()) continue;
      connection.close();
      connection = await open(load.port);
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: load.connections }, (_, n) => keepAsking(n)));
  times.sort((a, b) => a - b);
  const at = (share: number): number =>
    times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? Number.NaN;
  return {
    count,
    shed,
    seconds: load.seconds,
    p50: at(0.5),
    p99: at(0.99),
    max: at(1),
    wrong,
    wrongCount,
  };
}

/**
 * Puts the refresh token of the answer in the place of the one that was sent; both have the same
 * length.
 */
function chain(request: string, body: string): string {
  const token = /"refreshToken":"([^"]+)"/.exec(body)?.[1];
  return token === undefined ? request : request.replace(/("refreshToken":")[^"]+/, `$1${token}`);
}

process.on('message', (load: Load) => {
  void run(load).then((result) => process.send?.(result));
});
process.once('disconnect', () => process.exit());
process.send?.('ready');
