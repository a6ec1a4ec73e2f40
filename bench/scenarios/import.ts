/**
 * Imports a file with a million users whose hashes passlib has made: rate, memory, a run that is
 * killed half-way and run again, sign-ins of ten of them, and what administrators' lists take
 * afterwards. A PostgreSQL of its own, a file in a temporary folder. Ends with status 1 where
 * something is not as it has to be. Needs python3-passlib and python3-bcrypt of Debian; without
 * them it takes the hashes of the tests.
 *
 *   npx tsx bench/import-million.ts [users, 1000000 unless told]
 */
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import { migratePostgres } from '../../src/db/migrate.ts';
import { mutate } from '../../src/testing/client.ts';
import { startEmbeddedPostgres } from '../../src/testing/embedded-postgres.ts';
import { foreignHashes } from '../../src/testing/foreign-hashes.ts';
import { freePort } from '../../src/testing/free-port.ts';

const people = Number(process.argv[2] ?? 1_000_000);
const badLines = 1000;
const password = (index: number): string => `correct horse battery ${index}`;

const script = `
from passlib.hash import bcrypt
for index in range(20):
    print(bcrypt.using(rounds=12, ident=["2b", "2y", "2a"][index % 3]).hash("correct horse battery %d" % index))
`;

type Known = { readonly hash: string; readonly password: string };

/** Real hashes; the users share them. */
function makeHashes(): readonly Known[] {
  const { status, stdout } = spawnSync('/usr/bin/python3', ['-W', 'ignore', '-c', script], {
    encoding: 'utf8',
  });
  if (status !== 0) return foreignHashes.filter(({ from }) => from.startsWith('passlib bcrypt'));
  return stdout
    .trim()
    .split('\n')
    .map((hash, index) => ({ hash, password: password(index) }));
}

const out = (line: string): void => void process.stdout.write(`${line}\n`);
let wrong = 0;
const expect = (what: string, holds: boolean): void => {
  out(`${holds ? 'ok   ' : 'WRONG'} ${what}`);
  if (!holds) wrong += 1;
};

const folder = await mkdtemp(join(tmpdir(), 'latchkey-million-'));
const database = await startEmbeddedPostgres();
const sql = postgres(database.url, { max: 2, onnotice: () => {} });
const port = await freePort();
const environment = {
  DATABASE_URL: database.url,
  SECRET_KEY: randomBytes(32).toString('base64'),
  PUBLIC_URL: `http://localhost:${port}`,
  PORT: String(port),
  MAIL_TRANSPORT: 'smtp',
  SMTP_URL: 'smtp://127.0.0.1:9',
  MAIL_FROM: 'no-reply@example.com',
  JWT_ALGORITHM: 'ES256',
  LOG_LEVEL: 'error',
};

function latchkey(args: readonly string[]) {
  return spawn(process.execPath, ['--import', 'tsx', 'src/main.ts', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: environment,
  });
}

/** Of /proc: the most memory that a process has had, in MiB; 0 where there is none. */
async function peakMemory(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
}

const countUsers = async (): Promise<number> => {
  const [row] = await sql<{ count: number }[]>`select count(*)::int as count from users`;
  return row?.count ?? 0;
};

type Counts = { readonly imported: number; readonly existing: number; readonly refused: number };

/** Runs the import to its end, or kills it once `killAt` users are in. */
async function runImport(
  path: string,
  report: string,
  killAt?: number,
): Promise<{ counts: Counts | null; line: string }> {
  const begun = performance.now();
  const child = latchkey(['import-users', path, '--report', report, '--json']);
  const ended = once(child, 'close');
  const printed = text(child.stdout);
  let peak = 0;
  while (child.exitCode === null && child.signalCode === null) {
    peak = Math.max(peak, await peakMemory(child.pid));
    if (killAt !== undefined && (await countUsers()) >= killAt) child.kill('SIGKILL');
    await Promise.race([ended, sleep(500)]);
  }
  await ended;
  const seconds = (performance.now() - begun) / 1000;
  const counts: Counts | null = killAt === undefined ? JSON.parse(await printed) : null;
  const rate = counts
    ? `${Math.round((counts.imported + counts.existing) / seconds)} lines/s, `
    : '';
  return { counts, line: `${seconds.toFixed(1)} s, ${rate}at most ${peak} MiB` };
}

const hashes = makeHashes();
const path = join(folder, 'users.csv');
const report = join(folder, 'report.jsonl');
const expectedBad: number[] = [];
try {
  await migratePostgres(database.url);
  const file = createWriteStream(path);
  file.write('email,hashed_password,full_name,is_active,email_verified,created_at\n');
  const every = Math.floor(people / badLines);
  let lineNumber = 1;
  for (let index = 0; index < people; index += 1) {
    const bad = index % every === 0 && expectedBad.length < badLines;
    const { hash } = hashes[index % hashes.length] ?? { hash: '' };
    lineNumber += 1;
    if (bad) {
      expectedBad.push(lineNumber);
      file.write(
        [
          `nobody ${index},${hash},x,t,t,\n`,
          `"open${index},x\n`,
          `bad${index}@example.com,plain,x,t,t,\n`,
        ][index % 3] ?? '',
      );
      lineNumber += 1;
    }
    const line = `user${index}@example.com,${hash},"User, ${index}",t,t,2024-05-01 10:20:30+00\n`;
    if (!file.write(line)) await once(file, 'drain');
  }
  file.end();
  await once(file, 'close');
  out(
    `${people} users and ${expectedBad.length} bad lines, ${Math.round((await stat(path)).size / 1024 / 1024)} MiB, ${hashes.length} hashes`,
  );

  const killed = await runImport(path, report, people / 2);
  const half = await countUsers();
  out(`killed with ${half} users in: ${killed.line}`);
  expect('it was killed half-way', half >= people / 2 && half < people);
  const second = await runImport(path, report);
  out(`run again: ${second.line}`);
  expect(
    'the second run brought in the rest and nobody twice',
    second.counts?.imported === people - half &&
      second.counts.existing === half &&
      (await countUsers()) === people,
  );
  expect('the bad lines were left out', second.counts?.refused === expectedBad.length);
  const reported = (await readFile(report, 'utf8'))
    .trim()
    .split('\n')
    .map((entry): { line: number; reason: string } => JSON.parse(entry))
    .filter(({ reason }) => reason !== 'has an account already');
  const lines = reported.map(({ line }) => line).sort((a, b) => a - b);
  expect(
    'each bad line was reported by its number',
    JSON.stringify(lines) === JSON.stringify(expectedBad),
  );

  await sql`truncate users, audit_events cascade`;
  const whole = await runImport(path, report);
  out(`in one run: ${whole.line}`);
  expect('all came in', whole.counts?.imported === people && (await countUsers()) === people);
  const third = await runImport(path, report);
  out(`once more, with nothing to do: ${third.line}`);
  expect('nobody was changed', third.counts?.imported === 0 && third.counts.existing === people);

  await sql`analyze users`;
  const server = latchkey(['start']);
  const url = `http://127.0.0.1:${port}`;
  while (!(await fetch(`${url}/readyz`).catch(() => null))?.ok) await sleep(100);
  for (let turn = 0; turn < 10; turn += 1) {
    const index = Math.floor((people / 10) * turn) + turn;
    const email = `user${index}@example.com`;
    const known = hashes[index % hashes.length];
    const begun = performance.now();
    const answer = await mutate(url, 'login', { email, password: known?.password ?? '' });
    const took = Math.round(performance.now() - begun);
    const [row] = await sql<
      { password_hash: string }[]
    >`select password_hash from users where email_canonical = ${email}`;
    const isOurs = row?.password_hash.startsWith('bcrypt-hmac-sha256.') ?? false;
    expect(
      `${email} signs in (${took} ms) and has a hash of ours`,
      answer.__typename === 'AuthTokens' && isOurs,
    );
  }
  const [left] = await sql<
    { count: number }[]
  >`select count(*)::int as count from users where password_hash like 'imported.%'`;
  expect('the others keep theirs, sealed', left?.count === people - 10);
  server.kill('SIGTERM');
  await once(server, 'close');
} finally {
  await sql.end();
  await database.stop();
  await rm(folder, { recursive: true });
}
process.exitCode = wrong > 0 ? 1 : 0;
