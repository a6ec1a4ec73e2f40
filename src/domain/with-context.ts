/**
 * The same context with some of it changed. Not by spreading: what a request may need, such as its own way to the database, is made when
 * somebody asks for it, and a copy would ask for all of it.
 */
export function withContext<C extends object>(ctx: C, changes: Partial<C>): C {
  const changed: C = Object.create(ctx);
  for (const [name, value] of Object.entries(changes)) {
    // Not by assignment, which an accessor of `ctx` would take for its own.
    Object.defineProperty(changed, name, { value, enumerable: true, configurable: true, writable: true });
  }
  return changed;
}
