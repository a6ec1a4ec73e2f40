import type { App } from '../../app.ts';
import type { PasskeyRow } from '../../db/tables/passkeys.ts';
import { AuthError } from '../../errors.ts';

/** Throws CONFLICT where the user has as many passkeys as PASSKEY_LIMIT allows. */
export function assertRoom({ config }: Pick<App, 'config'>, rows: readonly PasskeyRow[]): void {
  const { limit } = config.passkeys;
  if (rows.length < limit) return;
  const message = `There are ${rows.length} passkeys, and at most ${limit} are kept: remove one.`;
  throw new AuthError('CONFLICT', { message });
}
