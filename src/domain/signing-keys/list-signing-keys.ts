import type { App } from '../../app.ts';
import { listAllSigningKeys } from '../../db/queries/signing-keys.ts';
import { type KeyState, stateOf } from './rules.ts';

/** A key as an operator sees it, without its private part. */
export type SigningKeyView = {
  readonly kid: string;
  readonly algorithm: string;
  readonly state: KeyState;
  readonly createdAt: Date;
  readonly activeFrom: Date;
  readonly expiresAt: Date | null;
};

/** Every key that still has a row, newest first. */
export async function listSigningKeys(app: Pick<App, 'db' | 'clock'>): Promise<SigningKeyView[]> {
  const rows = await listAllSigningKeys(app.db);
  const now = app.clock.now();
  return rows.map((row) => ({
    kid: row.kid,
    algorithm: row.algorithm,
    state: stateOf(rows, row, now),
    createdAt: row.createdAt,
    activeFrom: row.activeFrom,
    expiresAt: row.expiresAt,
  }));
}
