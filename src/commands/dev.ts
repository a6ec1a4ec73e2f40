import { dirname, join, resolve } from 'node:path';
import type { App } from '../app.ts';
import { type Config, ConfigError, environment, readConfig } from '../config/read-config.ts';
import { type Database, openPostgres, serverStatementTimeoutMs } from '../db/driver/client.ts';
import { migratePostgres } from '../db/migrate.ts';
import { loadDevelopmentSecrets } from '../development-secrets.ts';
import { type EmailAddress, parseEmailAddress } from '../domain/addresses/email-address.ts';
import { appointAdmin } from '../domain/admin/appoint-admin.ts';
import { AuthError } from '../errors.ts';
import { preparePage } from '../http/pages/prepare-page.ts';
import { createLog } from '../observability/log.ts';
import { standardOutput } from '../observability/log-output.ts';
import { prettyLines } from '../observability/pretty-lines.ts';
import { systemRandom } from '../random.ts';
import { fail, tell } from './fail.ts';
import { lockFolder } from './lock-folder.ts';
import { runServer } from './run-server.ts';

type Options = { readonly admin?: string };

/**
 * The development server: nothing to install, no network, no configuration. `admin` is the address
 * of someone who is to administer it.
 */
export async function dev(options: Options = {}): Promise<void> {
  const admin = options.admin === undefined ? null : parseEmailAddress(options.admin);
  if (options.admin !== undefined && admin === null)
    return fail('--admin takes one e-mail address.', 2);
  let config: Config;
  try {
    config = readConfig(environment(), {
      mode: 'development',
      developmentSecrets: loadDevelopmentSecrets,
    });
  } catch (error) {
    if (error instanceof ConfigError) return fail(error.message);
    throw error;
  }
  if (!(await lock(config))) return;
  const open = await databaseOf(config);
  if (open === null) {
    return fail(
      'The embedded database is the package @electric-sql/pglite, which is not installed here. ' +
        'Install Latchkey without --omit=optional, or set DATABASE_URL.',
    );
  }
  const log = createLog(config, prettyLines);
  let begin = (): void => {};
  const after = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const { dataDirectory } = config;
  const graphiql = preparePage('graphiql', { dataDirectory, log, after });
  // One build at a time.
  const built = graphiql.ready.catch(() => {});
  const consolePage = preparePage('console', { dataDirectory, log, after: built });
  let appointed = '';
  const prepare = async (app: App): Promise<void> => {
    if (admin !== null) appointed = await appoint(app, admin);
  };
  const address = await runServer({ config, log, graphiql, consolePage, open, prepare });
  if (address === null) return;
  standardOutput().write(greeting(config) + appointed);
  begin();
}

/** Makes an administrator, and says what is left to do. */
async function appoint(app: App, email: EmailAddress): Promise<string> {
  const operator = { ...app, request: null, viewer: null };
  try {
    const appointed = await appointAdmin(operator, { email, name: null });
    // SECURITY: to whoever has started this server, and may read its mailbox and database anyway.
    const first =
      appointed.kind === 'invited' ? ` Choose a password:\n\n    ${appointed.link}\n\n ` : '';
    return `  ${email.address} is an administrator.${first} The console asks for a second factor:
  set up a passkey or an authenticator app under Account, Security.

`;
  } catch (error) {
    if (error instanceof AuthError) return `  ${email.address}: ${error.message}\n\n`;
    throw error;
  }
}

/**
 * Whether this process has the folder to itself: two embedded databases on the same files lose what
 * the other writes.
 */
async function lock({ dataDirectory }: Config): Promise<boolean> {
  try {
    const holder = await lockFolder(dataDirectory, { random: systemRandom });
    if (holder === null) return true;
    const { pid, folder, foreignLock } = holder;
    fail(
      foreignLock === undefined
        ? `Another development server has ${dataDirectory} of ${dirname(folder)}: ` +
            `process ${pid}. ` +
            'End it, or start this one in another folder.'
        : `${resolve(foreignLock)} is the lock of process ${pid} of another machine, or of this ` +
            'one before it was last booted. If that process has ended, remove the file.',
    );
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    fail(
      `${resolve(dataDirectory)} cannot be locked${code}: it must be a folder that can be ` +
        'written to, on a file system that has sockets. Windows has none: use WSL there.',
    );
  }
  return false;
}

/** Opens a migrated database; null when the embedded database is needed and not installed. */
async function databaseOf({
  databaseUrl,
  databaseMaxConnections,
  databasePreparedStatements,
  dataDirectory,
}: Config): Promise<(() => Promise<Database>) | null> {
  if (databaseUrl !== null) {
    return async () => {
      await migratePostgres(databaseUrl, tell);
      return openPostgres({
        url: databaseUrl,
        maxConnections: databaseMaxConnections,
        prepares: databasePreparedStatements,
        applicationName: 'latchkey-dev',
        statementTimeoutMs: serverStatementTimeoutMs,
      });
    };
  }
  try {
    const { openEmbedded } = await import('../db/pglite.ts');
    return () => openEmbedded(join(dataDirectory, 'database'));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND')
      return null;
    throw error;
  }
}

function greeting(config: Config): string {
  const { publicUrl: url, pages, appUrl, graphiql, mail, consoleUrl } = config;
  const places = [
    ['Start', `${url}/`],
    ['Account', pages ? `${url}/account` : appUrl],
    ...(mail.transport === 'mailbox' ? [['Mailbox', `${url}/dev/mailbox`]] : []),
    ...(graphiql ? [['GraphiQL', `${url}/graphiql`]] : []),
    ...(config.console ? [['Console', `${consoleUrl ?? url}/console`]] : []),
    ['API', `${url}/graphql`],
  ];
  return `
  Latchkey is ready.

${places.map(([name = '', address = '']) => `    ${name.padEnd(11)}${address}\n`).join('')}
  Open the first and follow it, or ask from a terminal:

    curl ${url}/graphql -H 'content-type: application/json' \\
      -d '{"query":"{ authOptions { registrationOpen passwordMinLength } }"}'

`;
}
