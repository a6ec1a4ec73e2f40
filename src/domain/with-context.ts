/**
 * The same context with some members replaced. Accessors on the prototype create lazily what a
 * request may need, such as its database handle, so they stay there. `ctx` itself must never be the
 * prototype: V8 then keeps a description of each request's context, and everything the request has
 * touched, until the next full garbage collection.
 */
export function withContext<C extends object>(ctx: C, changes: Partial<C>): C {
  return { __proto__: Object.getPrototypeOf(ctx), ...ctx, ...changes };
}
