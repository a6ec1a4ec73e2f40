import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import { migratePostgres } from '../../src/db/migrate.ts';
import { readMigrations } from '../../src/db/migrations.ts';
import { meQuery, mutate, send } from '../../src/testing/client.ts';
import { startEmbeddedPostgres } from '../../src/testing/embedded-postgres.ts';
import { startSmtpStandIn } from '../../src/testing/smtp-stand-in.ts';
import { registerAccount, serverEnvironment, startInstance } from '../shared/instances.ts';
import { spread } from '../shared/numbers.ts';
import { readOptions } from '../shared/options.ts';
import { judge, out } from '../shared/report.ts';

/** Milliseconds that a request may wait. */
const longest = 3000;
const people = 20;

/**
 * Migrates a database of many users while requests read and write: what can be applied again
 * is, which are the migrations that build indexes and those that set parameters of storage.
 */
export async function run(args: readonly string[]): Promise<void> {
  const { users, rate } = readOptions(args, { users: 1_000_000, rate: 50 });
  const database = await startEmbeddedPostgres({ fsync: 'on', track_counts: 'on' });
  const smtp = await startSmtpStandIn({ startTls: false });
  const sql = postgres(database.url, { max: 1, onnotice: () => {} });
  const env = serverEnvironment({ databaseUrl: database.url, smtpPort: smtp.port });
  try {
    await migratePostgres(database.url);
    await sql`insert into users (id, email, email_canonical, email_verified_at, name, created_at)
      select gen_random_uuid(), n || '@example.com', n || '@example.com', now(), 'Person ' || n,
        now() - n * interval '1 second' from generate_series(1, ${users}) n`;
    await sql`analyze users`;
    const server = await startInstance(env);
    try {
      const accounts: Account[] = [];
      for (let n = 0; n < people; n += 1)
        accounts.push({
          ...(await registerAccount(server.url, { email: `p${n}@people.example`, smtp })),
        });
      const traffic = createTraffic(server.url, { accounts, rate });
      await sleep(5000);
      const again = readMigrations().filter(
        ({ name, isConcurrent }) => isConcurrent || name.endsWith('storage_parameters'),
      );
      for (const { name } of again) await sql`delete from latchkey_migrations where name = ${name}`;
      const begun = performance.now();
      await migratePostgres(database.url, out);
      const took = performance.now() - begun;
      await sleep(2000);
      const { waits, failures } = await traffic.stop();
      out(`${users} users, migrated in ${(took / 1000).toFixed(1)} s under ${rate} requests/s`);
      out(`requests, in milliseconds: ${spread(waits)}, of ${waits.length}`);
      judge(`no request waited longer than ${longest} ms`, Math.max(...waits) <= longest);
      judge(`every request was answered: ${failures} failed`, failures === 0);
    } finally {
      await server.stop();
    }
  } finally {
    await sql.end();
    await smtp.close();
    await database.stop();
  }
}

type Account = { readonly accessToken: string; refreshToken: string };

/** Requests at an even pace, whether or not those before have been answered. */
function createTraffic(url: string, options: { accounts: readonly Account[]; rate: number }) {
  const { accounts, rate } = options;
  const waits: number[] = [];
  const underWay = new Set<Promise<void>>();
  let failures = 0;
  let sent = 0;
  const ask = async (account: Account, kind: number): Promise<void> => {
    const token = account.accessToken;
    const begun = performance.now();
    const answer =
      kind === 0
        ? await mutate(url, 'updateProfile', { name: `Person ${sent}` }, { token })
        : (await send(url, meQuery, {}, { token })).data?.me;
    waits.push(performance.now() - begun);
    if (!answer || answer.code !== undefined) failures += 1;
  };
  const timer = setInterval(() => {
    const account = accounts[sent % accounts.length];
    sent += 1;
    if (!account) return;
    const asked: Promise<void> = ask(account, sent % 3)
      .catch(() => {
        failures += 1;
      })
      .finally(() => underWay.delete(asked));
    underWay.add(asked);
  }, 1000 / rate);
  return {
    stop: async () => {
      clearInterval(timer);
      await Promise.all(underWay);
      return { waits, failures };
    },
  };
}
