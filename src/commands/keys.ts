import { ensureStandbyKey } from '../domain/signing-keys/ensure-standby-key.ts';
import { listSigningKeys } from '../domain/signing-keys/list-signing-keys.ts';
import { removeSigningKey } from '../domain/signing-keys/remove-signing-key.ts';
import { rotateSigningKey } from '../domain/signing-keys/rotate-signing-key.ts';
import { reloadEvery } from '../domain/signing-keys/rules.ts';
import { fail } from './fail.ts';
import { table } from './table.ts';
import { withDatabase } from './with-database.ts';

/**
 * Creates the next signing key; running servers publish it within seconds and sign with it
 * `signsIn` seconds from now.
 */
export async function rotateKeys({
  json,
  ...options
}: {
  signsIn?: number;
  json?: boolean;
}): Promise<void> {
  await withDatabase('keys', async (app) => {
    const made = await rotateSigningKey(app, options);
    if (!made) return;
    await ensureStandbyKey(app);
    const { kid, activeFrom } = made;
    if (json) process.stdout.write(`${JSON.stringify({ kid, activeFrom })}\n`);
    else
      process.stdout.write(
        `The key ${kid} is published now and signs from ${activeFrom.toISOString()}.\n`,
      );
  });
}

/** Prints the stored keys, the newest first. */
export async function listKeys(options: { json?: boolean }): Promise<void> {
  await withDatabase('keys', async (app) => {
    const keys = await listSigningKeys(app);
    if (options.json) {
      process.stdout.write(`${JSON.stringify(keys, null, 2)}\n`);
      return;
    }
    const rows = keys.map((key) => [
      key.kid,
      key.algorithm,
      key.state,
      key.createdAt.toISOString(),
      key.state === 'standby' ? 'when it is needed' : key.activeFrom.toISOString(),
      key.expiresAt?.toISOString() ?? '-',
    ]);
    process.stdout.write(
      table([['KID', 'ALGORITHM', 'STATE', 'CREATED', 'SIGNS FROM', 'VERIFIES UNTIL'], ...rows]),
    );
  });
}

/** Removes a key at once, which invalidates every access token that it has signed. */
export async function removeKey(kid: string): Promise<void> {
  await withDatabase('keys', async (app) => {
    const removed = await removeSigningKey(app, { kid });
    if (!removed)
      return fail('There is no key of that kid in use. `latchkey keys list` shows those that are.');
    await ensureStandbyKey(app);
    process.stdout.write(
      `The key ${kid} is removed. Servers refuse its tokens within ${reloadEvery} seconds.\n`,
    );
    const { successor } = removed;
    if (successor) {
      process.stdout.write(
        `The key ${successor.kid} signs from ${successor.activeFrom.toISOString()}.\n`,
      );
    }
  });
}
