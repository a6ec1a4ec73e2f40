import { customType } from 'drizzle-orm/pg-core';

/**
 * A `bytea` column as a Uint8Array: postgres.js gives a Buffer, PGlite a Uint8Array, and both take
 * either.
 */
export const bytes = customType<{ data: Uint8Array; driverData: Uint8Array }>({
  dataType: () => 'bytea',
});
