import type { Context } from '../../context.ts';
import type { Place } from '../../semaphore.ts';

/**
 * A caller's place in the queues of hashes and of strength: no network gets more than its share of
 * them, and a caller whom the account knows has places that strangers cannot take.
 */
export function callerPlace(
  ctx: Pick<Context, 'request'>,
  { isKnown }: { isKnown: boolean },
): Place {
  return { networks: ctx.request.networks, isKnown };
}
