// Measures whether the time of a failed sign-in tells an account from none (PW-16, EN-1): over HTTP, the kinds of account in turn and
// in another order each round, so that whatever else the machine does meets all of them alike.
//
//   npx tsx scripts/timing-login.mjs [--rounds 200] [--cost 10]
//
// Prints the median of each kind and its ratio to that of an unknown address. Exit status 1 where one is off by more than a tenth.
import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import postgres from 'postgres';
import { systemClock } from '../src/clock.ts';
import { compose } from '../src/compose.ts';
import { environment, readConfig } from '../src/config.ts';
import { openPostgres } from '../src/db/client.ts';
import { migratePostgres } from '../src/db/migrate.ts';
import { createServer } from '../src/http/server.ts';
import { openMailboxMailer } from '../src/mail/mailbox-mailer.ts';
import { createLog } from '../src/observability/log.ts';
import { startEmbeddedPostgres } from '../src/testing/embedded-postgres.ts';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '200' }, cost: { type: 'string', default: '10' } },
});
const rounds = Number(values.rounds);
const password = 'otter lantern gravel sunday';
const wrong = 'otter lantern gravel monday';
const tolerance = 0.1;

const database = await startEmbeddedPostgres();
await migratePostgres(database.url);
const config = {
  ...readConfig({ ...environment(), SECRET_KEY: randomBytes(32).toString('base64') }, { mode: 'development' }),
  logLevel: 'silent',
  rateLimitMultiplier: 1e6,
  bcryptCost: Number(values.cost),
  host: '127.0.0.1',
  port: 0,
};
const mailer = await openMailboxMailer({ clock: systemClock });
const pool = openPostgres({
  url: database.url,
  maxConnections: 5,
  applicationName: 'timing',
  statementTimeoutMs: 15_000,
});
const { app, stop } = await compose({ config, database: pool, mailer, log: createLog(config) });
const server = await createServer(app);
const url = await server.listen();
const sql = postgres(database.url, { max: 1, onnotice: () => {} });

async function mutate(name, input) {
  const type = `${name[0].toUpperCase()}${name.slice(1)}Input`;
  const fields = '__typename ... on OtpChallenge { id } ... on AuthError { code }';
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      query: `mutation M($input: ${type}!) { ${name}(input: $input) { ${fields} } }`,
      variables: { input },
    }),
  });
  return (await response.json()).data[name];
}

async function verified(email) {
  const { id } = await mutate('register', { email, password });
  for (;;) {
    const mail = mailer.list().find((entry) => entry.text.includes(id));
    const code = mail && /^(\d{6})$/m.exec(mail.text)?.[1];
    if (code) return mutate('verifyOtp', { challengeId: id, code });
    app.wakeOutbox();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

// As long as each other, so that nothing but the kind of account differs.
await verified('verified-xxxx@example.com');
await verified('suspended-xxx@example.com');
await sql`update users set suspended_at = now() where email like 'suspended%'`;
await verified('no-password-x@example.com');
await sql`update users set password_hash = null where email like 'no-password%'`;
await mutate('register', { email: 'unverified-xx@example.com', password });

const kinds = {
  'unknown address': { email: 'unknown-xxxxx@example.com', password },
  'wrong password': { email: 'verified-xxxx@example.com', password: wrong },
  'unverified account': { email: 'unverified-xx@example.com', password },
  'suspended account': { email: 'suspended-xxx@example.com', password },
  'account without password': { email: 'no-password-x@example.com', password },
};

const times = new Map(Object.keys(kinds).map((kind) => [kind, []]));
for (let round = -5; round < rounds; round += 1) {
  const order = Object.keys(kinds).sort(() => 0.5 - crypto.getRandomValues(new Uint8Array(1))[0] / 255);
  for (const kind of order) {
    const start = performance.now();
    const answer = await mutate('login', kinds[kind]);
    const time = performance.now() - start;
    if (answer.code !== 'INVALID_CREDENTIALS') throw new Error(`${kind}: ${JSON.stringify(answer)}`);
    // The first rounds are for the compilers and caches.
    if (round >= 0) times.get(kind).push(time);
  }
}

const median = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];
const base = median(times.get('unknown address'));
let worst = 0;
process.stdout.write(`${rounds} sign-ins of each kind, bcrypt cost ${config.bcryptCost}\n`);
for (const [kind, list] of times) {
  const ratio = median(list) / base;
  worst = Math.max(worst, Math.abs(ratio - 1));
  process.stdout.write(`${kind.padEnd(26)} ${median(list).toFixed(1).padStart(8)} ms   ${ratio.toFixed(3)}\n`);
}
process.stdout.write(`largest difference ${(worst * 100).toFixed(1)} %, allowed ${tolerance * 100} %\n`);

await server.close();
await stop();
await pool.close();
await sql.end();
await database.stop();
process.exit(worst <= tolerance ? 0 : 1);
