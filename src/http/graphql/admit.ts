import type { UnauthenticatedReason } from '../../errors.ts';
import { authenticate } from './authenticate.ts';
import type { RequestContext } from './context.ts';
import type { CachedOperation } from './operation-cache.ts';

/**
 * Finds out who asks for an operation, and notes it in the context. Answers with the reason for
 * which the whole request is to be refused: its bearer does not hold, and what it asks for is not
 * one of those that may come with a stale one. Null: it may go on. `asked` is null where the
 * document has no operation of the name that was given.
 */
export async function admit(
  ctx: RequestContext,
  asked: CachedOperation | null,
): Promise<UnauthenticatedReason | null> {
  const found = await authenticate(ctx, ctx.authorization);
  if (found.kind === 'signed-in') ctx.viewer = found.viewer;
  if (found.kind === 'refused') ctx.staleBearer = found.stale;
  if (asked) {
    ctx.observed.kind = asked.operation.operation;
    ctx.observed.fields = asked.fields;
    ctx.observed.name = asked.operation.name?.value ?? null;
  }
  return found.kind === 'refused' && !asked?.mayBeStale ? found.reason : null;
}
