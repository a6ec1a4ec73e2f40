import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Load, type LoadResult, serialText } from './load.ts';
import { percentile } from './numbers.ts';

// Keeps so many connections busy, one request at a time on each, and looks at every answer. Over
// plain sockets: a client library would take more of its core than the server takes of the other.
// Started by shared/load.ts.

const endOfHead = Buffer.from('\r\n\r\n');
const lengthPattern = /\r\ncontent-length: (\d+)/i;

type Connection = {
  ask(request: string): Promise<string>;
  /** Whether the last answer closes the connection. */
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

/** What the answers of a run were, and when they came. */
class Answers {
  private readonly times: number[] = [];
  private readonly wrong: string[] = [];
  private wrongCount = 0;
  private count = 0;
  private shed = 0;

  constructor(
    private readonly load: Load,
    private readonly begin: number,
    private readonly end: number,
  ) {}

  add(answer: { readonly body: string; readonly expected: string; readonly sent: number }): void {
    const { body, expected, sent } = answer;
    const now = performance.now();
    // An answer counts by when it came: where one takes seconds, those that were asked for before
    // the window are part of what the server does in it.
    const counts = now >= this.begin && now <= this.end;
    if (body.includes(expected)) {
      if (counts) this.count += 1;
      if (sent >= this.begin) this.times.push(now - sent);
    } else if (this.load.shed !== undefined && body.includes(this.load.shed)) {
      if (counts) this.shed += 1;
    } else {
      this.wrongCount += 1;
      if (this.wrong.length < 5) this.wrong.push(body.slice(0, 300));
    }
  }

  result(): LoadResult {
    return {
      count: this.count,
      shed: this.shed,
      seconds: this.load.seconds,
      p50: percentile(this.times, 0.5),
      p99: percentile(this.times, 0.99),
      max: percentile(this.times, 1),
      wrong: this.wrong,
      wrongCount: this.wrongCount,
    };
  }
}

let serial = 0;

/** The request that follows: of a load that is numbered with a number of its own. */
function numbered(request: string): string {
  serial += 1;
  return request.replaceAll(serialText, `serial-${String(serial).padStart(8, '0')}`);
}

async function run(load: Load): Promise<LoadResult> {
  const begun = performance.now();
  const counted = begun + (load.warmUpSeconds ?? 0) * 1000;
  const end = counted + load.seconds * 1000;
  const every = load.rate === undefined ? 0 : (1000 * load.connections) / load.rate;
  const answers = new Answers(load, counted, end);

  const keepAsking = async (n: number): Promise<void> => {
    let connection = await open(load.port);
    let request = load.requests[n % load.requests.length] ?? '';
    const expected = load.expected[n % load.expected.length] ?? '';
    let due = begun + (every * n) / load.connections;
    while (performance.now() < end) {
      if (every > 0) {
        const wait = due - performance.now();
        if (wait > 0) await sleep(wait);
        due += every;
      }
      const sent = performance.now();
      try {
        const body = await connection.ask(load.numbered ? numbered(request) : request);
        answers.add({ body, expected, sent });
        if (load.chained) request = chain(request, body);
      } catch (error) {
        answers.add({ body: String(error), expected, sent });
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
  return answers.result();
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
