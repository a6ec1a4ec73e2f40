/**
 * The same context with some of it changed. What a request may need, such as its own way to the
 * database, is made by accessors when somebody asks for it, so they stay where they are, on the
 * prototype. Never with `ctx` itself as the prototype: V8 then keeps a description of each
 * request's context, and with it all that the request has touched, until the next full collection
 * of garbage.
 */
export function withContext<C extends object>(ctx: C, changes: Partial<C>): C {
  return { __proto__: Object.getPrototypeOf(ctx), ...ctx, ...changes };
}
