import type { UnauthenticatedReason } from '../../errors.ts';
import { authenticate } from './authenticate.ts';
import type { RequestContext } from './context.ts';
import type { CachedOperation } from './operation-cache.ts';

/**
 * Authenticates the caller of an operation and puts the viewer into the context. Returns the reason
 * to refuse the whole request: an invalid bearer token, on an operation that does not take a stale
 * one. Null: it may go on. `asked` is null where the document has no operation of the given name.
 */
export async function admit(
  ctx: RequestContext,
  asked: CachedOperation | null,
): Promise<UnauthenticatedReason | null> {
  // First: a failure on the way to the caller is one of this operation.
  if (asked) {
    ctx.observed.kind = asked.operation.operation;
    ctx.observed.fields = asked.fields;
    ctx.observed.name = asked.operation.name?.value ?? null;
  }
  const found = await authenticate(ctx, ctx.authorization);
  if (found.kind === 'signed-in') ctx.viewer = found.viewer;
  if (found.kind === 'refused') ctx.staleBearer = found.stale;
  return found.kind === 'refused' && !asked?.mayBeStale ? found.reason : null;
}
