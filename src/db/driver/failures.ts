export type DatabaseFailure = 'unavailable' | 'unique-violation' | 'other';

/** A failure that this folder detects itself: the database is unavailable. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
  readonly code: 'POOL_EXHAUSTED' | 'OPERATION_OVER' | 'NO_PRIMARY' | 'CONNECTION_CLOSED';

  constructor(code: Unavailable['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** No connection became free in time, or too many statements are already waiting (AV-3). */
export function poolExhausted(): Unavailable {
  return new Unavailable('POOL_EXHAUSTED', 'No connection of the pool is free.');
}

/** Error codes of postgres.js, and of Node's sockets. */
const connectionCodes =
  /^(CONNECT(ION)?_\w+|ECONN\w+|E(HOST|NET)UNREACH|ENOTFOUND|ENOENT|EPIPE|ETIMEDOUT|EAI_AGAIN)$/;

/**
 * SQLSTATEs (PostgreSQL, appendix A): connection failures, resources, operator intervention, our
 * own timeouts, and conflicts that a retry resolves.
 */
const unavailableStates = /^(08...|53...|57P0[1-5]|57014|55P03|25006|40001|40P01)$/;
const uniqueViolation = '23505';

/**
 * The kind of database failure that an error is; null when it is none. The only place that knows
 * the drivers' codes, and that Drizzle wraps the driver's error as `cause`.
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
    if (
      current instanceof Unavailable ||
      connectionCodes.test(code) ||
      unavailableStates.test(code)
    )
      return 'unavailable';
  }
  return wrapped ? 'other' : null;
}

/** SQLSTATE serialization_failure, deadlock_detected. */
const conflictStates = /^(40001|40P01)$/;

/** Whether a transaction was undone for the sake of a concurrent one, and may simply run again. */
export function isConflict(error: unknown): boolean {
  for (
    let current = error, depth = 0;
    current instanceof Error && depth < 5;
    current = current.cause, depth += 1
  ) {
    if ('code' in current && conflictStates.test(String(current.code))) return true;
  }
  return false;
}

/** SQLSTATEs of a server that ends a session. */
const endedStates = /^(08...|57P0[1-3])$/;

/** Whether the connection was cut, by the server or on the way. */
export function isConnectionLost(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false;
  const code = String(error.code);
  return connectionCodes.test(code) || endedStates.test(code);
}
