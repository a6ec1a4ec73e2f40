export type DatabaseFailure = 'unavailable' | 'unique-violation' | 'other';

/** A failure that this folder finds by itself: the database cannot be asked now. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
  readonly code: 'POOL_EXHAUSTED' | 'OPERATION_OVER' | 'NO_PRIMARY' | 'CONNECTION_CLOSED';

  constructor(code: Unavailable['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** No connection came free in time, or too many wait already (AV-3). */
export function poolExhausted(): Unavailable {
  return new Unavailable('POOL_EXHAUSTED', 'No connection of the pool is free.');
}

/** postgres.js's own, and Node's for a socket. */
const connectionCodes =
  /^(CONNECT(ION)?_\w+|ECONN\w+|E(HOST|NET)UNREACH|ENOTFOUND|ENOENT|EPIPE|ETIMEDOUT|EAI_AGAIN)$/;

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
    if (
      current instanceof Unavailable ||
      connectionCodes.test(code) ||
      unavailableStates.test(code)
    )
      return 'unavailable';
  }
  return wrapped ? 'other' : null;
}
