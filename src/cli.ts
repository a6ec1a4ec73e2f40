import { Command } from 'commander';

/** Runs a command. Exit status: 0, 1 (it failed), 2 (usage). What a command needs is loaded when it runs. */
export async function runCommandLine(argv: readonly string[]): Promise<void> {
  const program = new Command('latchkey')
    .description('A GraphQL authentication server on PostgreSQL.')
    .exitOverride((error) => {
      process.exit(error.exitCode === 0 ? 0 : 2);
    })
    .showHelpAfterError('(add --help for what it takes)');

  program
    .command('start')
    .description('run the server in production; configuration comes from the environment')
    .action(async () => (await import('./commands/start.ts')).start());
  program
    .command('dev')
    .description('run the server for development: embedded database, mailbox page, GraphiQL')
    .action(async () => (await import('./commands/dev.ts')).dev());
  program
    .command('migrate')
    .description('apply the migrations that are missing to DATABASE_URL, and end')
    .action(async () => (await import('./commands/migrate.ts')).migrate());
  program
    .command('schema')
    .description('write schema.graphql, or compare it')
    .option('--check', 'write nothing; exit 1 where the file differs from the code')
    .option('--print', 'write to standard output')
    .action(async (options: { check?: boolean; print?: boolean }) =>
      (await import('./commands/schema.ts')).schema(options),
    );

  await program.parseAsync([...argv]);
}
