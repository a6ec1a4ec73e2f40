import postgres from 'postgres';
import { applyMigrations, type Progress } from './apply-migrations.ts';
import { createPrimaryFinder } from './driver/find-primary.ts';
import { pinSettings } from './driver/settings.ts';
import { socketOption } from './driver/socket-urls.ts';

/**
 * Applies missing migrations. Safe to run from many instances at once: one applies, the others wait
 * and find nothing to do.
 */
export async function migratePostgres(url: string, progress: Progress = () => {}): Promise<void> {
  const findPrimary = createPrimaryFinder(url);
  const primary = await findPrimary();
  const sql = postgres(primary, {
    ...socketOption(primary),
    max: 1,
    connect_timeout: 10,
    // The lock belongs to the session, which must not be replaced.
    idle_timeout: undefined,
    max_lifetime: null,
    fetch_types: false,
    onnotice: () => {},
    connection: {
      application_name: 'latchkey-migrate',
      // As text: the driver leaves out what is falsy.
      statement_timeout: '0' as unknown as number,
      idle_in_transaction_session_timeout: '0' as unknown as number,
    },
  });
  try {
    const ask = async (text: string, parameters: readonly string[] = []) => {
      // biome-ignore lint/plugin: the text is of a migration or of apply-migrations.ts itself.
      return [...(await sql.unsafe(text, [...parameters]))];
    };
    await ask(pinSettings);
    await applyMigrations({ ask }, progress);
  } finally {
    await sql.end({ timeout: 5 });
  }
}
