import type { PasskeyRow } from '../../db/tables/passkeys.ts';
import { providerOf } from './providers.ts';

/** A passkey as its user sees it. */
export type PasskeyView = {
  readonly kind: 'passkey';
  readonly id: string;
  readonly name: string;
  readonly createdAt: Date;
  readonly lastUsedAt: Date | null;
  readonly synced: boolean;
  readonly provider: string | null;
};

export function viewPasskey(row: PasskeyRow): PasskeyView {
  return {
    kind: 'passkey',
    id: row.id,
    name: row.name,
    createdAt: row.createdAt,
    lastUsedAt: row.lastUsedAt,
    synced: row.backupState,
    provider: providerOf(row.aaguid),
  };
}
