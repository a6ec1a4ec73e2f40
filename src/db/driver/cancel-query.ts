/**
 * Asks the server to cancel a statement. The driver's own `cancel()` drops the promise of this
 * request (postgres.js 3.4.9, src/query.js), so its rejection when the server is unreachable would
 * be unhandled and end the process.
 */
export function cancelQuery(query: object): void {
  const canceller: unknown = Reflect.get(query, 'canceller');
  if (typeof canceller === 'function') Promise.resolve(canceller(query)).catch(() => {});
}
