import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import postgres from 'postgres';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { z } from 'zod';
import { send } from '../testing/client.ts';
import { bundledProgram } from '../testing/compiled.ts';
import { createEmptyDatabase, type EmptyDatabase } from '../testing/empty-database.ts';
import { freePort } from '../testing/free-port.ts';
import { databaseUrl, withAdmin } from '../testing/global-setup.ts';
import { type OldSystem, oldSystems } from '../testing/old-systems.ts';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const pageOf = ({ slug }: Pick<OldSystem, 'slug'>) => read(`docs/tutorials/moving-from-${slug}.md`);
const shared = (name: string) => read(`examples/moving/${name}.sh`);

const mailsFormat = z.array(z.object({ to: z.string(), text: z.string() }));

const answerFormat = z.looseObject({ id: z.string().optional() });

type Block = { readonly language: string; readonly note: string; readonly body: string };

/** The fenced blocks of a page, in order; `note` is what follows the language. */
const blocksOf = (markdown: string): Block[] =>
  [...markdown.matchAll(/^```(\w+) ?(\w*)\n(.*?)^```$/gms)].map(
    ([, language = '', note = '', body = '']) => ({ language, note, body }),
  );

// `curl --json` exists since 7.82; psql does not come with the PostgreSQL of the tests.
const canRun = [
  ['curl', '--json', '{}', '--version'],
  ['psql', '--version'],
  ['jq', '--version'],
  ['openssl', 'version'],
].every(([program = '', ...args]) => spawnSync(program, args).status === 0);

describe('the pages of docs/tutorials', () => {
  it.each(oldSystems)('has the steps of the walk: $title', (system) => {
    const markdown = pageOf(system);
    expect(markdown).toMatch(new RegExp(`^# Moving from ${system.title}`));
    const steps = [...markdown.matchAll(/^## (\d)\. /gm)].map(([, step]) => Number(step));
    expect(steps).toEqual([1, 2, 3, 4, 5, 6, 7]);
    const bodies = blocksOf(markdown).map(({ body }) => body);
    expect(bodies).toContain(shared('server'));
    expect(bodies).toContain(shared(system.password === null ? 'code' : 'sign-in'));
    for (const index of ['docs/migrating.md', 'docs/tutorials/README.md'])
      expect(read(index)).toContain(`moving-from-${system.slug}.md)`);
  });
});

describe.skipIf(!canRun)('a walk through the page (skipped where a program is missing)', () => {
  let folder: string;
  let port: number;
  let name: string;
  let sql: postgres.Sql;
  let started: ChildProcess;

  const adminUrl = (): string => inject('testServer')?.adminUrl ?? '';
  const serverUrl = (): string => adminUrl().replace(/\/[^/]*$/, '');
  /** The words of a page for what is otherwise here. */
  const filled = (block: string): string =>
    block
      .replaceAll('localhost:4000', `127.0.0.1:${port}`)
      .replaceAll(/\brehearsal\b/g, name)
      .replace('PUBLIC_URL=http://127.0.0.1', 'PUBLIC_URL=http://localhost');
  const bash = (block: string, env: Readonly<Record<string, string>> = {}): ChildProcess =>
    spawn('bash', ['-uo', 'pipefail', '-c', filled(block)], {
      cwd: folder,
      env: { PATH: `${folder}/bin:/usr/local/bin:/usr/bin:/bin`, SERVER: serverUrl(), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
  /** What a block prints, errors after the rest. */
  const run = async (block: string, env: Readonly<Record<string, string>> = {}) => {
    const child = bash(block, env);
    const printed = [child.stdout, child.stderr].map((each) => (each ? text(each) : ''));
    const [output = '', errors = ''] = await Promise.all(printed);
    return { output, errors };
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'latchkey-moving-'));
    port = await freePort();
    name = `${inject('testServer')?.prefix}${randomBytes(6).toString('hex')}`;
    const shims = {
      // What `npm ci && npm run build` makes is here already.
      npm: '#!/bin/sh\n',
      npx: `#!/bin/sh\nshift 2\nexec '${process.execPath}' '${bundledProgram()}' "$@"\n`,
    };
    spawnSync('mkdir', [join(folder, 'bin')]);
    for (const [program, script] of Object.entries(shims))
      await writeFile(join(folder, 'bin', program), script, { mode: 0o755 });

    const { output, errors } = await run(shared('server'));
    expect([output, errors].join('')).toMatch(/CREATE DATABASE[\s\S]*database is up to date/);
    await appendFile(join(folder, '.env'), `PORT=${port}\nHOST=127.0.0.1\n`);
    sql = postgres(databaseUrl(adminUrl(), name), { max: 1, onnotice: () => {} });
    const [serve = ''] = shared('sign-in').split('\n');
    expect(serve).toMatch(/ &$/);
    started = bash(`exec ${serve.replace(/ &$/, '').replace(/^(\w+=\w+)/, 'env $1')}`);
  }, 120_000);
  afterAll(async () => {
    if (started.exitCode === null) {
      started.kill('SIGTERM');
      await once(started, 'close');
    }
    await sql.end();
    await withAdmin(
      adminUrl(),
      (admin) => admin`drop database if exists ${admin(name)} with (force)`,
    );
    await rm(folder, { recursive: true });
  });
  beforeEach(() => sql`delete from users`);

  /** A sign-in as the page has it, with an address and the password there. */
  async function signIn(block: string, email: string, password: string | null) {
    const [, ...request] = block.split('\n');
    const person = request
      .join('\n')
      .replace('ada@example.com', email)
      .replace('the old password', password ?? '');
    let answer: z.infer<typeof answerFormat> | undefined;
    // A busy machine may answer OVERLOADED, without data.
    await expect
      .poll(
        async () => {
          const { data } = JSON.parse((await run(person)).output);
          answer = answerFormat.optional().parse(data?.login ?? data?.requestLoginCode);
          return answer;
        },
        { timeout: 60_000 },
      )
      .toBeDefined();
    return answer;
  }

  /** Completes what the page's request for a code began, by the mailbox that it names. */
  async function enterCode(challengeId: string | undefined, email: string) {
    const mailbox = `http://127.0.0.1:${port}/dev/mailbox.json`;
    let code = '';
    await expect
      .poll(async () => {
        const mails = mailsFormat.parse(await (await fetch(mailbox)).json());
        const mail = mails.find(({ to }) => to === email);
        code = /\b\d{6}\b/.exec(mail?.text ?? '')?.[0] ?? '';
        return code;
      })
      .not.toBe('');
    const query = `mutation ($input: VerifyOtpInput!) { verifyOtp(input: $input) {
      ... on AuthTokens { __typename user { id email name roles } } } }`;
    const input = { challengeId, code };
    const answer = await send(`http://127.0.0.1:${port}`, query, { input });
    return answer.data.verifyOtp;
  }

  /** Runs the blocks of the page up to that of the sign-in, and gives that one. */
  async function walk(system: OldSystem, old: EmptyDatabase | null): Promise<string> {
    const [settings, server, ...rest] = blocksOf(pageOf(system));
    const named = [...(settings?.body ?? '').matchAll(/^export (\w+)="/gm)].map(([, each]) => each);
    expect(named).toEqual(old ? ['SERVER', 'OLD'] : ['SERVER']);
    expect(server?.body).toBe(shared('server'));
    const files = (await system.files?.()) ?? {};
    for (const [file, content] of Object.entries(files))
      await writeFile(join(folder, file), content);
    const last = rest.at(-1);
    const printed: string[] = [];
    for (const { language, note, body } of rest.slice(0, -1)) {
      if (language === 'sql') await writeFile(join(folder, 'export.sql'), body);
      if (language === 'json') expect(Object.keys(JSON.parse(body))).toHaveLength(4);
      if (language !== 'sh') continue;
      if (note === 'elsewhere') {
        const outputs = Object.keys(files).filter((file) => body.includes(file));
        expect(outputs).not.toEqual([]);
        continue;
      }
      const { output, errors } = await run(body, { OLD: old?.url ?? '' });
      printed.push(output);
      expect([body, errors.replace(/^(?:ignored|identities left out|line \d+).*\n/gm, '')]).toEqual(
        [body, ''],
      );
    }
    const left = system.leftOut ?? 0;
    const told = printed.join('');
    expect(told).toContain(`2 would be imported, 0 had an account already, ${left} left out.\n`);
    expect(told).toContain(`2 imported, 0 had an account already, ${left} left out.\n`);
    expect(told.match(/^\{"line":\d+,"field":"email"/gm)?.length ?? 0).toBe(left);
    // The second run, on the day of the change.
    const again = await run(rest.at(-2)?.body ?? '', { OLD: old?.url ?? '' });
    expect(again.output).toBe(`0 imported, 2 had an account already, ${left} left out.\n`);
    return last?.body ?? '';
  }

  it.each(oldSystems)(
    'leads from $title to a sign-in with the old password',
    { timeout: 120_000 },
    async (system) => {
      const old = system.fill ? await createEmptyDatabase() : null;
      try {
        if (old) await system.fill?.(old.sql);
        const block = await walk(system, old);
        const [row] = await sql`select email from users where email like 'ada@%'`;
        const email: string = row?.['email'];
        const { createdAt: _, ...user } = system.user;
        const answer = await signIn(block, email, system.password);
        const done = system.password === null ? await enterCode(answer?.id, email) : answer;
        expect(done).toMatchObject({ __typename: 'AuthTokens', user: { email, ...user } });
        if (system.password === null) return;
        const refused = await signIn(block, email.replace('ada', 'eve'), system.password);
        expect(refused).toMatchObject({ code: 'INVALID_CREDENTIALS' });
      } finally {
        await old?.drop();
      }
    },
  );

  it('gives the other tables the new ids, by the commands of docs/migrating.md', async () => {
    const devise = oldSystems.find(({ slug }) => slug === 'devise');
    if (!devise) throw new Error('There is no page for Devise.');
    const old = await createEmptyDatabase();
    try {
      await devise.fill?.(old.sql);
      await walk(devise, old);
      const [, section = ''] = read('docs/migrating.md').split('## Ids of your other tables');
      const { output, errors } = await run(blocksOf(section)[0]?.body ?? '', { OLD: old.url });
      expect(errors).toBe('2 users exported.\n');
      expect(output).toMatch(/without_an_id[\s-]+0/);
      const there = await old.sql`select latchkey_id as id from users order by email`;
      const here = await sql`select id from users order by email`;
      expect([...there]).toEqual([...here]);
    } finally {
      await old.drop();
    }
  });
});
