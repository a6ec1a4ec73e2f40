import { customType } from 'drizzle-orm/pg-core';

/**
 * A `bytea` column as a Uint8Array: postgres.js returns a Buffer, PGlite a Uint8Array, and both
 * accept either.
 */
export const bytes = customType<{ data: Uint8Array; driverData: Uint8Array }>({
  dataType: () => 'bytea',
});
