import { setTimeout as sleep } from 'node:timers/promises';
import { joinHosts } from '../../src/db/driver/host-urls.ts';
import { migratePostgres } from '../../src/db/migrate.ts';
import { startEmbeddedPair } from '../../src/testing/embedded-postgres.ts';
import { startSmtpStandIn } from '../../src/testing/smtp-stand-in.ts';
import { tellFault } from './fault-report.ts';
import { serverEnvironment } from './instances.ts';
import { keepServer } from './kept-server.ts';
import { type Ledger, startLedger } from './ledger.ts';
import { checkLedger, type Fault } from './ledger-check.ts';

/**
 * The primary is killed and its synchronous standby promoted two seconds later, each time a new
 * pair. Both hosts are in DATABASE_URL.
 */
export async function failOver(options: {
  readonly times: number;
  readonly people: number;
  readonly pause: number;
}): Promise<void> {
  const all: Ledger = { operations: [], accounts: [], breaches: [] };
  const faults: Fault[] = [];
  const lost: string[] = [];
  for (let turn = 0; turn < options.times; turn += 1) {
    const { ledger, fault, missing } = await promoteOnce(options);
    // Not the beginning of a turn, when all people come at once.
    all.operations.push(...ledger.operations.filter(({ endedAt }) => endedAt > fault.begunAt));
    faults.push(fault);
    lost.push(...missing);
  }
  tellFault({ name: 'fail-over: the standby is promoted', ledger: all, faults, lost });
}

async function promoteOnce(options: {
  readonly people: number;
  readonly pause: number;
}): Promise<{ ledger: Ledger; fault: Fault; missing: string[] }> {
  const pair = await startEmbeddedPair({ isSynchronous: true });
  const smtp = await startSmtpStandIn({ startTls: false });
  await migratePostgres(pair.primary.url);
  const databaseUrl = joinHosts([pair.primary.url, pair.standby.url]);
  const env = serverEnvironment({ databaseUrl, smtpPort: smtp.port });
  const servers = await Promise.all([keepServer(env, '/dev/null'), keepServer(env, '/dev/null')]);
  const urls = servers.map(({ url }) => url);
  const running = startLedger({ ...options, urls, smtp });
  await sleep(options.pause * 10);
  const begunAt = performance.now();
  pair.primary.kill();
  await sleep(2000);
  await pair.standby.promote();
  const fault = { begunAt, endedAt: performance.now() };
  await sleep(7000);
  await running.stop();
  const missing = await checkLedger(running.ledger, { urls, databaseUrl: pair.standby.url });
  for (const server of servers) await server.stop();
  await smtp.close();
  await pair.standby.stop();
  await pair.primary.stop();
  return { ledger: running.ledger, fault, missing };
}
