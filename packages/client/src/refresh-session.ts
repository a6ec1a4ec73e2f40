import { RefreshError } from './errors.ts';
import type { HeldSession } from './held-session.ts';
import { mutationOf } from './mutation-of.ts';
import type { AuthError, AuthTokens } from './operations.ts';
import type { Session } from './session.ts';
import type { SteadyStorage } from './storage.ts';
import { dataOf, type Post } from './transport.ts';

type Parts = {
  readonly held: HeldSession;
  readonly post: Post;
  readonly storage: SteadyStorage | null;
};

/** Milliseconds after which a refresh has failed; other tabs wait for it. */
const refreshTimeout = 15_000;
/** Milliseconds that another tab has to hand over its session. */
const tabAnswerTime = 250;

/** A function that refreshes the session: one refresh at a time, however often it is called. */
export function createRefresh(parts: Parts): () => Promise<string | null> {
  let refreshing: Promise<string | null> | null = null;
  return () => {
    const known = parts.held.current();
    refreshing ??= parts.held.tabs
      .alone((waited) => refreshAlone(parts, known, waited))
      .finally(() => {
        refreshing = null;
      });
    return refreshing;
  };
}

async function refreshAlone(
  { held, post, storage }: Parts,
  known: Session | null,
  waited: boolean,
): Promise<string | null> {
  // Signed out, here or in another tab, while this waited.
  if (known && !held.current()) return null;
  const other = await fromOtherTab(held, storage, known, waited);
  if (other) {
    if (other !== held.current()) held.adopt(other);
    return other.accessToken;
  }
  const refreshToken = storage ? (await storage.load())?.refreshToken : undefined;
  const { query, variables } = mutationOf(
    'refreshSession',
    { refreshToken },
    storage ? 'BODY' : 'COOKIE',
  );
  const answer = await post({ query, variables }, null, AbortSignal.timeout(refreshTimeout));
  // A user who has signed in meanwhile is neither signed out nor replaced by the old session.
  const session = held.current();
  if (session && session.accessToken !== known?.accessToken) return session.accessToken;
  const result = dataOf(answer)['refreshSession'] as RefreshResult;
  if (result.__typename === 'AuthTokens') {
    await held.take(result);
    return result.accessToken;
  }
  if (result.code !== 'INVALID_OR_EXPIRED_TOKEN') throw new RefreshError(result);
  await held.forget('ENDED');
  held.tabs.tell({ kind: 'signed-out', reason: 'ENDED' });
  return null;
}

/** What another tab got while this one held `known`. */
async function fromOtherTab(
  held: HeldSession,
  storage: SteadyStorage | null,
  known: Session | null,
  waited: boolean,
): Promise<Session | null> {
  if (held.current() !== known) return held.current();
  const laterThan = Math.max(known?.expiresAt ?? 0, Date.now());
  if (storage) {
    const stored = await storage.load();
    return stored && stored.expiresAt > laterThan ? stored : null;
  }
  // A page that has just been loaded asks the server at once, unless another tab was refreshing.
  if (held.tabs.latest() <= laterThan || !(known || waited)) return null;
  await new Promise<void>((resolve) => {
    held.setOnAdopted(resolve);
    setTimeout(resolve, tabAnswerTime);
    held.tabs.tell({ kind: 'wanted', laterThan });
  });
  held.setOnAdopted(null);
  return held.current() === known ? null : held.current();
}

type RefreshResult =
  | ({ readonly __typename: 'AuthTokens' } & AuthTokens)
  | ({ readonly __typename: 'AuthError' } & AuthError);
