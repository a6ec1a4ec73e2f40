export type DatabaseFailure = 'unavailable' | 'unique-violation' | 'other';

/** postgres.js's own, and Node's for a socket. */
const connectionCodes = new Set([
  'CONNECT_TIMEOUT',
  'CONNECTION_CLOSED',
  'CONNECTION_DESTROYED',
  'CONNECTION_ENDED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'ENOENT',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
]);

/** db/pool's and db/find-primary's. */
const poolCodes = new Set(['POOL_EXHAUSTED', 'OPERATION_OVER', 'NO_PRIMARY']);

/**
 * PostgreSQL, appendix A: connection failures, resources, operator intervention, a time-out of
 * ours, and what a second try settles.
 */
const unavailableStates = /^(08...|53...|57P0[1-5]|57014|55P03|25006|40001|40P01)$/;
const uniqueViolation = '23505';

/**
 * What kind of failure of the database an error is; null where it is none. The one place that knows
 * the drivers' codes, and that drizzle wraps the driver's error as `cause`.
 */
export function databaseFailure(error: unknown): DatabaseFailure | null {
  let wrapped = false;
  for (
    let current = error, depth = 0;
    current instanceof Error && depth < 5;
    current = current.cause, depth += 1
  ) {
    wrapped ||=
      current.name === 'DrizzleQueryError' || current.constructor.name === 'DrizzleQueryError';
    const code = 'code' in current && typeof current.code === 'string' ? current.code : '';
    if (code === uniqueViolation) return 'unique-violation';
    if (connectionCodes.has(code) || poolCodes.has(code) || unavailableStates.test(code))
      return 'unavailable';
  }
  return wrapped ? 'other' : null;
}

/** Whether the driver says of its own error that there is no connection any more. */
export function isConnectionLost(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    connectionCodes.has(error.code)
  );
}

/**
 * Whether the server takes no writes (any more): a standby, or a primary that is about to hand over
 * (25006, read_only_sql_transaction).
 */
export function isWriteRefused(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '25006';
}
