import { existsSync, readFileSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import type { BuildOptions } from './commands/build-breached-passwords.ts';
import type { ChangeOptions } from './commands/change-users.ts';
import { fail } from './commands/fail.ts';
import type { FindOptions } from './commands/find-users.ts';
import type { ImportOptions } from './commands/import-users.ts';
import { readEnvironmentFile } from './commands/read-environment-file.ts';
import { outliveStandardStreams } from './observability/log-output.ts';

/**
 * Runs a command. Exit status: 0, 1 (it failed), 2 (usage). Each command loads its own modules when
 * it runs.
 */
export async function runCommandLine(argv: readonly string[]): Promise<void> {
  outliveStandardStreams((code) => fail(`Standard output cannot be written: ${code}.`));
  const program = new Command('latchkey')
    .description('A GraphQL authentication server on PostgreSQL.')
    .exitOverride((error) => {
      process.exit(error.exitCode === 0 ? 0 : 2);
    })
    .showHelpAfterError('(add --help for what it takes)')
    .version(version(), '--version', 'print the version')
    .option('--env <file>', 'read variables from a file first; those that are set stay as they are')
    .hook('preAction', (command, action) => {
      const { env }: { env?: string } = command.opts();
      if (env !== undefined && !readEnvironmentFile(env))
        command.error('--env must name a file that can be read.');
      if (env === undefined && action.name() === 'dev' && existsSync('.env')) {
        if (!readEnvironmentFile('.env')) command.error('.env must be a file that can be read.');
      }
    })
    .addHelpText(
      'after',
      `
Exit status: 0, 1 (it failed) or 2 (usage). Errors go to standard error. Configuration comes from \
the environment: docs/operations.md.

Examples:
  latchkey dev
  latchkey --env .env start
  latchkey doctor
  latchkey import-users --help`,
    );
  for (const add of commands) add(program);
  await program.parseAsync([...argv]);
}

/** In the order in which --help lists them. */
const commands: readonly ((program: Command) => void)[] = [
  addInit,
  addStart,
  addDev,
  addMigrate,
  addPurge,
  addCreateAdmin,
  addSchema,
  addUsers,
  addImportUsers,
  addExportUsers,
  addDoctor,
  addKeys,
  addBreachedPasswords,
];

function addInit(program: Command): void {
  program
    .command('init')
    .description('write compose.yaml, .env with new secrets, and README.md for a first server')
    .argument('[folder]', 'where; made if it is not there', '.')
    .option('--react', 'write a small React app that signs in, into an empty folder, instead')
    .addHelpText(
      'after',
      `
Nothing is overwritten: where one of the files exists, nothing is written. No secret is printed.

Examples:
  latchkey init accounts
  latchkey --env accounts/.env doctor
  latchkey init --react my-app`,
    )
    .action(async (folder: string, { react }: { react?: boolean }) =>
      react
        ? (await import('./commands/init-react.ts')).initReact(folder)
        : (await import('./commands/init.ts')).init(folder, { version: version() }),
    );
}

function addStart(program: Command): void {
  program
    .command('start')
    .description('run the server in production; configuration comes from the environment')
    .addHelpText('after', '\nExample:\n  latchkey --env .env start')
    .action(async () => (await import('./commands/start.ts')).start());
}

function addDev(program: Command): void {
  program
    .command('dev')
    .description('run the server for development: embedded database, mailbox, GraphiQL')
    .option('--admin <email>', 'make this an administrator, with an account where there is none')
    .addHelpText(
      'after',
      '\nNeeds nothing. What it keeps is in .data of the folder it is started in, for one server ' +
        'at a time.\nVariables are read from .env there, too.' +
        '\n\nExamples:\n  PORT=4001 latchkey dev\n  latchkey dev --admin ada@example.com',
    )
    .action(async (options: { admin?: string }) =>
      (await import('./commands/dev.ts')).dev(options),
    );
}

function addMigrate(program: Command): void {
  program
    .command('migrate')
    .description('apply the migrations that are missing to DATABASE_URL, and end')
    .addHelpText(
      'after',
      `
Any number may run at once: one applies, the others wait. Servers do it at their start unless \
MIGRATE_ON_START is false.

Example:
  latchkey --env .env migrate`,
    )
    .action(async () => (await import('./commands/migrate.ts')).migrate());
}

function addPurge(program: Command): void {
  program
    .command('purge')
    .description(
      'remove expired codes, links, sessions and unverified accounts, and shorten old ' +
        'addresses, now',
    )
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      `
Running servers do it every hour; how long what is kept is RETENTION_… in docs/operations.md.

Example:
  latchkey purge --json | jq .sessions`,
    )
    .action(async (options: { json?: boolean }) =>
      (await import('./commands/purge.ts')).purge(options),
    );
}

function addCreateAdmin(program: Command): void {
  program
    .command('create-admin')
    .description('make an administrator: the only way to the first one')
    .argument('<email>', 'of the administrator; an account is made where there is none')
    .option('--name <name>', 'the name that they go by')
    .option('--no-totp', 'leave the authenticator app to their first sign-in')
    .option('--json', 'as JSON, with no question asked and no authenticator app')
    .addHelpText(
      'after',
      `
An authenticator app is set up here, and a link to choose a password is printed; it is good for \
24 hours.
An account that exists gets the role beside those that it has. An empty database gets its tables \
first, unless MIGRATE_ON_START is false.

Examples:
  latchkey create-admin ada@example.com --name 'Ada Lovelace'
  latchkey create-admin ada@example.com --json | jq -r .link`,
    )
    .action(async (email: string, options: { name?: string; totp?: boolean; json?: boolean }) =>
      (await import('./commands/create-admin.ts')).createAdmin(email, options),
    );
}

function addSchema(program: Command): void {
  program
    .command('schema')
    .description('write schema.graphql, or compare it')
    .option('--check', 'write nothing; exit 1 where the file differs from the code')
    .option('--print', 'write to standard output')
    .addHelpText('after', '\nExample:\n  latchkey schema --print > schema.graphql')
    .action(async (options: { check?: boolean; print?: boolean }) =>
      (await import('./commands/schema.ts')).schema(options),
    );
}

function addImportUsers(program: Command): void {
  program
    .command('import-users')
    .description(
      'bring users in from another system, with the password hashes that they have there',
    )
    .argument('<file>', 'CSV with a header, JSON Lines or a JSON document; - for standard input')
    .option(
      '--format <format>',
      'csv, jsonl or json; looked up in the file unless given',
      readFormat,
    )
    .option(
      '--map <column=field...>',
      'columns under names of their own, such as mail=email',
      readColumn,
      [],
    )
    .option(
      '--ignore <column...>',
      'columns that keep nobody out, whatever their names sound like, such as state',
      readName,
      [],
    )
    .option(
      '--map-provider <name=id...>',
      'what another system calls a provider, and our id of it, such as google-oauth2=google',
      readProvider,
      [],
    )
    .option(
      '--assume-verified',
      'addresses count as proved where the file says nothing of it',
      false,
    )
    .option('--allow-admins', 'let the file make administrators', false)
    .option(
      '--drop-unknown-hashes',
      'users whose hash is not taken come in without a password, not at all otherwise',
      false,
    )
    .option(
      '--drop-second-factors',
      'users who had a second factor come in without it, not at all otherwise',
      false,
    )
    .option('--firebase <file>', 'the password hash parameters of the Firebase project, as JSON')
    .option('--report <file>', 'write the lines that were left out there, as JSON Lines')
    .option('--dry-run', 'read and judge everything, write nothing', false)
    .option('--json', 'the outcome as JSON on standard output')
    .addHelpText(
      'after',
      `
Nobody who has an account is changed: after a run that was cut short, run it again.
A column that looks as if it kept people out (locked_by, is_flagged …) stops the run before the \
first line until --map says what it is or --ignore passes over it.
Exit status: 0 where every line is in, 1 where some were left out or the run was stopped; standard \
error names them by line.

Fields: email, password_hash, salt, name, email_verified, roles, locale, created_at, \
last_login_at, id, passkeys, identities, latchkey_metadata; suspended (a flag, or since when), \
suspended_until, active, active_until, status, password_reset_required, second_factor.
Hashes: bcrypt, Argon2id, scrypt (passlib, Django, Werkzeug, Spring, Better Auth, Firebase), \
PBKDF2 (passlib, Django, Werkzeug, Spring, Keycloak, ASP.NET). A hash made with a secret of its \
application (Devise with a pepper) can never match. See docs/migrating.md.

Examples:
  latchkey import-users users.csv --dry-run
  psql "$OLD" -c "copy (select email, hashed_password, full_name from users) to stdout csv header" |
    latchkey import-users - --assume-verified
  latchkey import-users firebase.json --firebase hash-config.json`,
    )
    .action(async (file: string, options: ImportOptions) =>
      (await import('./commands/import-users.ts')).importUsersFrom(file, options),
    );
}

function addUsers(program: Command): void {
  const users = program
    .command('users')
    .description('find users, and change them as an administrator does, without a browser')
    .addHelpText(
      'after',
      `
USER is an e-mail address or the id of a user. Each change leaves an event in the audit trail, \
whose actor is the command line.

Examples:
  latchkey users find ada
  latchkey users suspend ada@example.com --until 7d --reason 'Ticket 4711'
  latchkey users reset-factors ada@example.com --reason 'Proved by passport'`,
    );
  addFinding(users);
  addChanges(users);
}

function addFinding(users: Command): void {
  users
    .command('find')
    .description('list users, the newest first')
    .argument('[text]', 'the start of the address or of the name')
    .option('--status <state>', 'active, unverified or suspended', readStatus)
    .option('--limit <count>', 'at most so many, 1 to 1000', readLimit, 20)
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      "\nExample:\n  latchkey users find --status suspended --json | jq -r '.[].email'",
    )
    .action(async (text: string | undefined, options: FindOptions) =>
      (await import('./commands/find-users.ts')).findUsers(text, options),
    );
  users
    .command('show')
    .description('show a user: state, factors, sessions, metadata')
    .argument('<user>', 'address or id')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  latchkey users show ada@example.com')
    .action(async (user: string, options: { json?: boolean }) =>
      (await import('./commands/find-users.ts')).showUser(user, options),
    );
}

function addChanges(users: Command): void {
  const change = (name: string, description: string, example: string): Command =>
    users
      .command(name)
      .description(description)
      .argument('<user>', 'address or id')
      .option('--reason <text>', 'why, for the audit trail; name no person in it')
      .option('--json', 'as JSON')
      .addHelpText('after', `\nExample:\n  latchkey users ${name} ${example}`);
  const load = () => import('./commands/change-users.ts');
  change(
    'suspend',
    'close an account and end its sessions at once; again, to change until when',
    'ada@example.com --until 2027-01-31T18:00:00Z',
  )
    .option('--until <time>', 'it opens by itself then: 90m, 12h, 7d, a day, or a time')
    .action(async (user: string, options: ChangeOptions & { until?: string }) =>
      (await load()).suspendUser(user, options),
    );
  change('reinstate', 'open a suspended account', 'ada@example.com').action(
    async (user: string, options: ChangeOptions) => (await load()).reinstateUser(user, options),
  );
  change('sign-out', 'end every session of a user at once', 'ada@example.com').action(
    async (user: string, options: ChangeOptions) => (await load()).signOutUser(user, options),
  );
  change(
    'reset-factors',
    'remove authenticator app, recovery codes, passkeys and linked accounts of a user who has ' +
      'lost them; --reason says how they proved who they are',
    "ada@example.com --reason 'Proved by passport'",
  ).action(async (user: string, options: ChangeOptions) =>
    (await load()).resetFactors(user, options),
  );
  change('delete', 'erase a user and all that is personal', 'ada@example.com --yes')
    .option('--yes', 'needed, since there is no way back')
    .action(async (user: string, options: ChangeOptions & { yes?: boolean }) =>
      (await load()).deleteUser(user, options),
    );
}

function addExportUsers(program: Command): void {
  program
    .command('export-users')
    .description('write every user to standard output, a JSON object a line')
    .option('--after <id>', 'only users after that one, in the order of ids', readId)
    .addHelpText(
      'after',
      `
import-users reads the file. It has no password hashes (they are keyed by SECRET_KEY, and \
worthless elsewhere: a backup of the database has them), no secrets of authenticator apps, no \
codes and no sessions.
After a run that was cut short, take a last line that is not whole away, and give the id of the \
one before it as --after.

Examples:
  latchkey export-users > users.jsonl
  latchkey export-users --after "$(tail -n 1 users.jsonl | jq -r .id)" >> users.jsonl`,
    )
    .action(async (options: { after?: string }) =>
      (await import('./commands/export-users.ts')).exportUsersTo(options),
    );
}

function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description(
      'look at configuration, database, migrations, keys, mail and clock, and say what to ' +
        'do; changes nothing',
    )
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      `
Exit status: 0 where a server would work, 1 where it would not. Warnings do not count.

Examples:
  latchkey doctor
  latchkey doctor --json | jq -r '.findings[] | select(.status != "ok") | .message'`,
    )
    .action(async (options: { json?: boolean }) =>
      (await import('./commands/doctor.ts')).doctor(options),
    );
}

function addKeys(program: Command): void {
  const keys = program
    .command('keys')
    .description('the keys that sign access tokens')
    .addHelpText('after', '\nExamples:\n  latchkey keys list\n  latchkey keys rotate --help');
  keys
    .command('rotate')
    .description(
      'make the next key: published at once, signing later; the one before verifies until ' +
        'its tokens have expired',
    )
    .option(
      '--signs-in <seconds>',
      'for how long it is published before it signs, 20 to 86400; 600 unless told',
      readSignsIn,
    )
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  latchkey keys rotate --signs-in 600')
    .action(async (options: { signsIn?: number; json?: boolean }) =>
      (await import('./commands/keys.ts')).rotateKeys(options),
    );
  keys
    .command('list')
    .description('show the keys and what each is for')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  latchkey keys list --json | jq -r \'.[] | select(.state == "active").kid\'',
    )
    .action(async (options: { json?: boolean }) =>
      (await import('./commands/keys.ts')).listKeys(options),
    );
  keys
    .command('remove')
    .description('take a key away in an emergency: its tokens are refused at once')
    .argument('<kid>', 'as `keys list` shows it')
    .addHelpText('after', '\nExample:\n  latchkey keys remove 1f0c5b7e9a3d42c886e07b51')
    .action(async (kid: string) => (await import('./commands/keys.ts')).removeKey(kid));
}

function addBreachedPasswords(program: Command): void {
  const breached = program
    .command('breached-passwords')
    .description('the filter of breached passwords (BREACHED_PASSWORDS=file)')
    .addHelpText('after', '\nExample:\n  latchkey breached-passwords build --help');
  breached
    .command('build')
    .description('make the filter file of a list of breached passwords')
    .argument('<list>', 'a file with one on each line; it is read twice')
    .option('--output <file>', 'the filter file to write', 'breached-passwords.filter')
    .option(
      '--top <count>',
      'only so many: those seen most often, or the first ones of a list without counts',
      readTop,
    )
    .option('--format <format>', 'sha1 or plain; told by the first line unless given', readListed)
    .addHelpText(
      'after',
      `
A line is a SHA-1 digest of 40 hex digits, with or without a count after a colon (as the \
downloader of Have I Been Pwned writes them into one file), or the password itself in UTF-8.
The filter takes 15 bits a password (10 million: 19 MB) of the disk and of each process' memory. \
It misses none, and takes 1 of 1,300 others for one of them.

Examples:
  latchkey breached-passwords build pwned-passwords.txt --top 10000000
  latchkey breached-passwords build words.txt --output /etc/latchkey/breached.filter`,
    )
    .action(async (list: string, options: BuildOptions) =>
      (await import('./commands/build-breached-passwords.ts')).buildBreachedPasswords(
        list,
        options,
      ),
    );
}

/** The same one level up from src and from dist. */
function version(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  const { version }: { version: string } = JSON.parse(text);
  return version;
}

function readFormat(text: string): 'csv' | 'jsonl' | 'json' {
  if (text === 'csv' || text === 'jsonl' || text === 'json') return text;
  throw new InvalidArgumentError('It must be csv, jsonl or json.');
}

function readStatus(text: string): 'ACTIVE' | 'UNVERIFIED' | 'SUSPENDED' {
  const status = text.toUpperCase();
  if (status === 'ACTIVE' || status === 'UNVERIFIED' || status === 'SUSPENDED') return status;
  throw new InvalidArgumentError('It must be active, unverified or suspended.');
}

function readLimit(text: string): number {
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= 1000) return limit;
  throw new InvalidArgumentError('It must be a whole number from 1 to 1000.');
}

function readId(text: string): string {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) return text.toLowerCase();
  throw new InvalidArgumentError('It must be the id of a user.');
}

function readListed(text: string): 'sha1' | 'plain' {
  if (text === 'sha1' || text === 'plain') return text;
  throw new InvalidArgumentError('It must be sha1 or plain.');
}

function readTop(text: string): number {
  const count = /^\d{1,10}$/.test(text) ? Number(text) : 0;
  if (count >= 1) return count;
  throw new InvalidArgumentError('It must be a whole number from 1.');
}

function readName(text: string, before: readonly string[]): readonly string[] {
  return [...before, text];
}

function readColumn(
  text: string,
  before: readonly (readonly [string, string])[],
): readonly (readonly [string, string])[] {
  const [, column = '', field = ''] = /^(.+)=([A-Za-z_]+)$/.exec(text) ?? [];
  if (column === '') throw new InvalidArgumentError('It must be COLUMN=FIELD.');
  return [...before, [column, field]];
}

function readProvider(
  text: string,
  before: readonly (readonly [string, string])[],
): readonly (readonly [string, string])[] {
  const [, name = '', id = ''] = /^(.+)=([a-z0-9-]+)$/.exec(text) ?? [];
  if (name === '') throw new InvalidArgumentError('It must be NAME=ID.');
  return [...before, [name, id]];
}

/**
 * 20 seconds are four reads of the table (domain/signing-keys/rules): by then every process of ours
 * knows the key.
 */
function readSignsIn(text: string): number {
  const seconds = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (seconds >= 20 && seconds <= 86_400) return seconds;
  throw new InvalidArgumentError('It must be a whole number from 20 to 86400.');
}
