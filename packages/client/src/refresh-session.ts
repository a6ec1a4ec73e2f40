import { RefreshError } from './errors.ts';
import type { HeldSession } from './held-session.ts';
import { mutationOf } from './mutation-of.ts';
import type { AuthError, AuthTokens } from './operations.ts';
import type { Session } from './session.ts';
import type { SteadyStorage } from './storage.ts';
import { dataOf, inTime, type Post } from './transport.ts';

type Parts = {
  readonly held: HeldSession;
  readonly post: Post;
  readonly storage: SteadyStorage | null;
};

/** Milliseconds that another tab has to hand over its session. */
const tabAnswerTime = 250;

/** A function that refreshes the session: one refresh at a time, however often it is called. */
export function createRefresh(parts: Parts): () => Promise<string | null> {
  let refreshing: Promise<string | null> | null = null;
  return () => {
    const { held } = parts;
    const known = held.current();
    const signOuts = held.signOuts();
    refreshing ??= held.tabs
      .alone((waited) => refreshAlone(parts, { known, signOuts, waited }))
      .finally(() => {
        refreshing = null;
      });
    return refreshing;
  };
}

/** What this tab knew when it wanted a refresh, and whether another tab held the lock then. */
type Wanted = {
  readonly known: Session | null;
  readonly signOuts: number;
  readonly waited: boolean;
};

async function refreshAlone(
  { held, post, storage }: Parts,
  { known, signOuts, waited }: Wanted,
): Promise<string | null> {
  // Signed out, here or in another tab, since then: what is refreshed now has ended.
  const hasLeft = (): boolean => held.signOuts() !== signOuts;
  const other = hasLeft() ? null : await fromOtherTab(held, storage, known, waited);
  if (hasLeft()) return held.current()?.accessToken ?? null;
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
  const answer = await inTime((signal) => post({ query, variables }, null, signal));
  // A user who has signed in meanwhile is neither signed out nor replaced by the old session, and
  // one who has signed out is not signed in again.
  const session = held.current();
  if (hasLeft() || (session && session.accessToken !== known?.accessToken))
    return session?.accessToken ?? null;
  const result = dataOf(answer)['refreshSession'] as RefreshResult;
  if (result.__typename === 'AuthTokens') {
    await held.take(result);
    return result.accessToken;
  }
  if (result.code !== 'INVALID_OR_EXPIRED_TOKEN') throw new RefreshError(result);
  held.leave('ENDED');
  await held.erase('ENDED');
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
