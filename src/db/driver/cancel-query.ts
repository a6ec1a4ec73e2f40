/**
 * Asks the server to end a statement. The driver's own `cancel()` drops the promise of this request
 * (postgres.js 3.4.9, src/query.js): its rejection, where the server cannot be reached, would end
 * the process.
 */
export function cancelQuery(query: object): void {
  const canceller: unknown = Reflect.get(query, 'canceller');
  if (typeof canceller === 'function') Promise.resolve(canceller(query)).catch(() => {});
}
