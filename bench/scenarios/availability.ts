import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { meQuery, mutationText, send } from '../../src/testing/client.ts';
import {
  type EmbeddedPostgres,
  startEmbeddedPostgres,
} from '../../src/testing/embedded-postgres.ts';
import { startSmtpStandIn } from '../../src/testing/smtp-stand-in.ts';
import { password } from '../shared/accounts.ts';
import { makeDatabase } from '../shared/databases.ts';
import {
  type Instance,
  type Registered,
  registerAccount,
  serverEnvironment,
  startInstance,
} from '../shared/instances.ts';
import { percentile, spread } from '../shared/numbers.ts';
import { readOptions } from '../shared/options.ts';
import { judge, out } from '../shared/report.ts';

const slowClients = 200;
/** Milliseconds. */
const bounds = { refusal: 3000, recovery: 3000, besideSlowClients: 50, slowClient: 34_000 };

/**
 * A database that goes away and comes back: how soon requests are refused and how soon they are
 * served again (AV-6). Then clients that drip a byte at a time: how long others wait meanwhile, and
 * when they are closed (AV-4).
 */
export async function run(args: readonly string[]): Promise<void> {
  const { seconds } = readOptions(args, { seconds: 10 });
  const postgres = await startEmbeddedPostgres();
  const smtp = await startSmtpStandIn({ startTls: false });
  const databaseUrl = await makeDatabase(postgres.url, 'latchkey');
  const server = await startInstance(serverEnvironment({ databaseUrl, smtpPort: smtp.port }));
  const person = await registerAccount(server.url, { email: 'person@example.com', smtp });
  await measureOutage({ server, postgres, person, seconds });
  await measureSlowClients(server, person);
  await server.stop();
  await smtp.close();
  await postgres.stop();
}

async function measureOutage(input: {
  readonly server: Instance;
  readonly postgres: EmbeddedPostgres;
  readonly person: Registered;
  readonly seconds: number;
}): Promise<void> {
  const { server, postgres, person } = input;
  await postgres.halt();
  const refusals: number[] = [];
  let others = 0;
  const end = performance.now() + input.seconds * 1000;
  const keepAsking = async (ask: () => Promise<{ status: number }>): Promise<void> => {
    while (performance.now() < end) {
      const begun = performance.now();
      const { status } = await ask();
      refusals.push(performance.now() - begun);
      if (status !== 503) others += 1;
      await sleep(20);
    }
  };
  const credentials = { email: person.email, password };
  await Promise.all([
    keepAsking(() => send(server.url, meQuery, {}, { token: person.accessToken })),
    keepAsking(() => send(server.url, mutationText('login'), { input: credentials })),
    keepAsking(() => fetch(`${server.url}/readyz`)),
  ]);
  out(`without a database: ${spread(refusals)}`);
  judge(`${others} answers are not 503`, others === 0);
  const longest = Math.max(...refusals);
  judge(
    `the longest refusal takes ${longest.toFixed(0)} ms, at most 3000`,
    longest <= bounds.refusal,
  );
  await postgres.resume();
  const resumed = performance.now();
  while (!(await fetch(`${server.url}/readyz`)).ok) await sleep(20);
  while ((await send(server.url, meQuery, {}, { token: person.accessToken })).status !== 200)
    await sleep(20);
  const back = performance.now() - resumed;
  judge(
    `served ${back.toFixed(0)} ms after the database is back, within 3000`,
    back < bounds.recovery,
  );
}

async function measureSlowClients(server: Instance, person: Registered): Promise<void> {
  const ask = async (): Promise<number> => {
    const begun = performance.now();
    const { status } = await send(server.url, meQuery, {}, { token: person.accessToken });
    if (status !== 200) throw new Error(`me answered ${status}.`);
    return performance.now() - begun;
  };
  const before: number[] = [];
  for (let n = 0; n < 200; n += 1) before.push(await ask());
  const begun = performance.now();
  const sockets = await Promise.all(
    Array.from({ length: slowClients }, (_, n) => openSlowly(server.port, n)),
  );
  const during: number[] = [];
  while (sockets.some(({ closed }) => !closed) && performance.now() - begun < 60_000) {
    for (const [n, socket] of sockets.entries())
      if (n % 3 !== 2 && socket.writable) socket.write('a');
    for (let n = 0; n < 10; n += 1) during.push(await ask());
    await sleep(200);
  }
  const closed = performance.now() - begun;
  out(`me, alone: ${spread(before)}`);
  out(`me, beside ${slowClients} slow clients: ${spread(during)}`);
  const more = percentile(during, 0.99) - percentile(before, 0.99);
  judge(
    `p99 of me is ${more.toFixed(1)} ms more beside slow clients, at most 50`,
    more <= bounds.besideSlowClients,
  );
  judge(
    `all of them are closed after ${(closed / 1000).toFixed(1)} s, at most 34`,
    closed <= bounds.slowClient,
  );
}

/** Some never finish their headers, some their body, some say nothing at all. */
async function openSlowly(port: number, n: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.resume();
  const type = 'Content-Type: application/json';
  const head = `POST /graphql HTTP/1.1\r\nHost: x\r\n${type}\r\nContent-Length: 1000\r\n\r\n`;
  if (n % 3 === 0) socket.write(head);
  else if (n % 3 === 1) socket.write('GET /livez HTTP/1.1\r\nHo');
  return socket;
}
