import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import { mutate } from '../../src/testing/client.ts';
import { startEmbeddedPostgres } from '../../src/testing/embedded-postgres.ts';
import { foreignHashes } from '../../src/testing/foreign-hashes.ts';
import { makeDatabase } from '../shared/databases.ts';
import { commandLine, serverEnvironment, startInstance } from '../shared/instances.ts';
import { readOptions } from '../shared/options.ts';
import { memory } from '../shared/processes.ts';
import { judge, out } from '../shared/report.ts';

const badLineCount = 1000;

const script = `
from passlib.hash import bcrypt
for index in range(20):
    password = "correct horse battery %d" % index
    print(bcrypt.using(rounds=12, ident=["2b", "2y", "2a"][index % 3]).hash(password))
`;

type Known = { readonly hash: string; readonly password: string };
type Counts = { readonly imported: number; readonly existing: number; readonly refused: number };
type Import = { readonly counts: Counts | null; readonly line: string };

/** What all steps of the import work on. */
type Setting = {
  readonly users: number;
  readonly hashes: readonly Known[];
  readonly file: string;
  readonly report: string;
  /** Numbers of lines that have to be refused. */
  readonly badLines: readonly number[];
  readonly env: Readonly<Record<string, string>>;
  readonly sql: postgres.Sql;
};

/**
 * Imports a file with a million users whose hashes passlib has made: rate, memory, a run that is
 * killed half-way and run again, and sign-ins of ten of them. Needs python3-passlib and
 * python3-bcrypt of Debian; without them it takes the hashes of the tests.
 */
export async function run(args: readonly string[]): Promise<void> {
  const { users } = readOptions(args, { users: 1_000_000 });
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-million-'));
  const database = await startEmbeddedPostgres();
  const url = await makeDatabase(database.url, 'latchkey');
  const sql = postgres(url, { max: 2, onnotice: () => {} });
  try {
    const hashes = makeHashes();
    const file = join(folder, 'users.csv');
    const badLines = await writeFile({ file, users, hashes });
    const megabytes = Math.round((await stat(file)).size / 1024 / 1024);
    out(`${users} users and ${badLines.length} bad lines, ${megabytes} MiB`);
    const report = join(folder, 'report.jsonl');
    const env = {
      ...serverEnvironment({ databaseUrl: url, smtpPort: 9 }),
      BCRYPT_COST: '12',
      LOG_LEVEL: 'info',
    };
    const setting: Setting = { users, hashes, file, report, badLines, env, sql };
    await importInTwo(setting);
    await importInOne(setting);
    await signInTen(setting);
  } finally {
    await sql.end();
    await database.stop();
    await rm(folder, { recursive: true });
  }
}

/** Real hashes, which the users share. */
function makeHashes(): readonly Known[] {
  const { status, stdout } = spawnSync('/usr/bin/python3', ['-W', 'ignore', '-c', script], {
    encoding: 'utf8',
  });
  if (status !== 0) return foreignHashes.filter(({ from }) => from.startsWith('passlib bcrypt'));
  return stdout
    .trim()
    .split('\n')
    .map((hash, index) => ({ hash, password: `correct horse battery ${index}` }));
}

/** Returns the numbers of the bad lines. */
async function writeFile(input: {
  file: string;
  users: number;
  hashes: readonly Known[];
}): Promise<number[]> {
  const { users, hashes } = input;
  const file = createWriteStream(input.file);
  file.write('email,hashed_password,full_name,is_active,email_verified,created_at\n');
  const badLines: number[] = [];
  const every = Math.max(1, Math.floor(users / badLineCount));
  let lineNumber = 1;
  for (let index = 0; index < users; index += 1) {
    const { hash } = hashes[index % hashes.length] ?? { hash: '' };
    lineNumber += 1;
    if (index % every === 0 && badLines.length < badLineCount) {
      badLines.push(lineNumber);
      const bad = [
        `nobody ${index},${hash},x,t,t,\n`,
        `"open${index},x\n`,
        `bad${index}@example.com,plain,x,t,t,\n`,
      ];
      file.write(bad[index % 3] ?? '');
      lineNumber += 1;
    }
    const line = `user${index}@example.com,${hash},"User, ${index}",t,t,2024-05-01 10:20:30+00\n`;
    if (!file.write(line)) await once(file, 'drain');
  }
  file.end();
  await once(file, 'close');
  return badLines;
}

async function countUsers(sql: postgres.Sql): Promise<number> {
  const [row] = await sql<{ count: number }[]>`select count(*)::int as count from users`;
  return row?.count ?? 0;
}

/** Runs the import to its end, or kills it once `killAt` users are in. */
async function runImport(setting: Setting, killAt?: number): Promise<Import> {
  const { file, report, env, sql } = setting;
  const begun = performance.now();
  const args = [...commandLine, 'import-users', file, '--report', report, '--json'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'], env });
  const ended = once(child, 'close');
  const printed = text(child.stdout);
  let peak = 0;
  while (child.exitCode === null && child.signalCode === null) {
    peak = Math.max(peak, peakOf(child.pid));
    if (killAt !== undefined && (await countUsers(sql)) >= killAt) child.kill('SIGKILL');
    await Promise.race([ended, sleep(500)]);
  }
  await ended;
  const seconds = (performance.now() - begun) / 1000;
  const counts: Counts | null = killAt === undefined ? JSON.parse(await printed) : null;
  const lines = counts ? counts.imported + counts.existing : null;
  const rate = lines === null ? '' : `${Math.round(lines / seconds)} lines/s, `;
  return { counts, line: `${seconds.toFixed(1)} s, ${rate}at most ${peak.toFixed(0)} MiB` };
}

/** 0 for a process that has gone. */
function peakOf(pid: number | undefined): number {
  try {
    return memory(pid ?? 0).most;
  } catch {
    return 0;
  }
}

async function importInTwo(setting: Setting): Promise<void> {
  const { users, sql, badLines } = setting;
  const killed = await runImport(setting, users / 2);
  const half = await countUsers(sql);
  out(`killed with ${half} users in: ${killed.line}`);
  judge('it was killed half-way', half >= users / 2 && half < users);
  const second = await runImport(setting);
  out(`run again: ${second.line}`);
  const { imported, existing, refused } = second.counts ?? {};
  judge(
    'the second run brought in the rest, and no one twice',
    imported === users - half && existing === half && (await countUsers(sql)) === users,
  );
  judge('the bad lines were left out', refused === badLines.length);
  const reported = (await readFile(setting.report, 'utf8'))
    .trim()
    .split('\n')
    .map((entry): { line: number; reason: string } => JSON.parse(entry))
    .filter(({ reason }) => reason !== 'has an account already');
  const lines = reported.map(({ line }) => line).sort((a, b) => a - b);
  judge(
    'each bad line was reported by its number',
    JSON.stringify(lines) === JSON.stringify(badLines),
  );
}

async function importInOne(setting: Setting): Promise<void> {
  const { users, sql } = setting;
  await sql`truncate users, audit_events cascade`;
  const whole = await runImport(setting);
  out(`in one run: ${whole.line}`);
  judge('all came in', whole.counts?.imported === users && (await countUsers(sql)) === users);
  const again = await runImport(setting);
  out(`once more, with nothing to do: ${again.line}`);
  judge('no one was changed', again.counts?.imported === 0 && again.counts.existing === users);
}

async function signInTen({ users, hashes, env, sql }: Setting): Promise<void> {
  await sql`analyze users`;
  const server = await startInstance(env);
  for (let turn = 0; turn < 10; turn += 1) {
    const index = Math.floor((users / 10) * turn) + turn;
    const email = `user${index}@example.com`;
    const known = hashes[index % hashes.length];
    const begun = performance.now();
    const input = { email, password: known?.password ?? '' };
    const answer = await mutate(server.url, 'login', input);
    const took = Math.round(performance.now() - begun);
    const [row] = await sql<{ password_hash: string }[]>`
      select password_hash from users where email_canonical = ${email}`;
    const isOurs = row?.password_hash.startsWith('bcrypt-hmac-sha256.') ?? false;
    judge(
      `${email} signs in (${took} ms) and has a hash of ours`,
      answer.__typename === 'AuthTokens' && isOurs,
    );
  }
  const [left] = await sql<{ count: number }[]>`
    select count(*)::int as count from users where password_hash like 'imported.%'`;
  judge('the others keep theirs, sealed', left?.count === users - 10);
  await server.stop();
}
