import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { type Config, ConfigError, environment, readConfig } from '../config/read-config.ts';
import { openPglite, openPostgres } from '../db/driver/client.ts';
import { migratePglite, migratePostgres } from '../db/migrate.ts';
import { loadDevelopmentSecrets } from '../development-secrets.ts';
import { prepareGraphiql } from '../http/pages/graphiql/prepare-graphiql.ts';
import { createLog } from '../observability/log.ts';
import { fail } from './fail.ts';
import { runServer } from './run-server.ts';

/** The server for development: nothing to install, no network, no configuration. */
export async function dev(): Promise<void> {
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
  const log = createLog(config);
  let begin = (): void => {};
  const after = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const graphiql = prepareGraphiql({ dataDirectory: config.dataDirectory, log, after });
  const address = await runServer({
    config,
    log,
    graphiql,
    open: async () => {
      if (config.databaseUrl !== null) {
        await migratePostgres(config.databaseUrl);
        return openPostgres({
          url: config.databaseUrl,
          maxConnections: config.databaseMaxConnections,
          prepares: config.databasePreparedStatements,
          applicationName: 'latchkey-dev',
          statementTimeoutMs: 10_000,
        });
      }
      await mkdir(config.dataDirectory, { recursive: true });
      const client = await PGlite.create(join(config.dataDirectory, 'database'));
      await migratePglite(client);
      return openPglite(client);
    },
  });
  if (address === null) return;
  process.stdout.write(greeting(config.publicUrl));
  begin();
}

function greeting(url: string): string {
  return `
  Latchkey is ready.

    GraphiQL   ${url}/
    Mailbox    ${url}/dev/mailbox
    API        ${url}/graphql

  Try it: open GraphiQL and run the tabs in turn, or ask from a terminal:

    curl ${url}/graphql -H 'content-type: application/json' \\
      -d '{"query":"{ authOptions { registrationOpen passwordMinLength } }"}'

`;
}
