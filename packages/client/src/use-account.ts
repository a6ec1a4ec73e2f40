import { useCallback, useEffect, useRef, useState } from 'react';
import type { Account, AuthSession, RevokeSessionResult } from './operations.ts';
import { type Problem, problemOf, thrownProblem } from './problem.ts';
import { useAuth } from './use-auth.ts';

type Loaded<Data> = {
  /** Null until there is an answer, and where no user is signed in. */
  readonly data: Data | null;
  /** Why there is no answer. */
  readonly problem: Problem | null;
  readonly isLoading: boolean;
  reload(): Promise<void>;
};

/** What the server answers for the user who is signed in; anew for another one. */
function useLoaded<Data>(load: () => Promise<Data | null>): Loaded<Data> {
  const { auth, user } = useAuth();
  const userId = user?.id;
  const [state, setState] = useState<Omit<Loaded<Data>, 'reload'>>(nothing);
  const latest = useRef({ load, round: 0 });
  useEffect(() => {
    latest.current.load = load;
  });

  const reload = useCallback(async () => {
    const { current } = latest;
    current.round += 1;
    const { round } = current;
    // Of two answers that of the later question counts, and none of a component that is gone.
    const become = (next: Omit<Loaded<Data>, 'reload'>): void => {
      if (round === current.round) setState(next);
    };
    setState((before) => ({ ...before, isLoading: true }));
    try {
      become({ data: await current.load(), problem: null, isLoading: false });
    } catch (error) {
      become({ data: null, problem: thrownProblem(error), isLoading: false });
    }
  }, []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: another client, another answer.
  useEffect(() => {
    const { current } = latest;
    if (userId !== undefined) void reload();
    return () => {
      current.round += 1;
      setState(nothing);
    };
  }, [auth, userId, reload]);

  return { ...state, reload };
}

const nothing = { data: null, problem: null, isLoading: true };

export type UseAccount = Omit<Loaded<Account>, 'data'> & { readonly account: Account | null };

/** The signed-in user's account: passkeys, linked accounts, whether there is a password … */
export function useAccount(): UseAccount {
  const { auth } = useAuth();
  const { data, ...rest } = useLoaded(auth.account);
  return { account: data, ...rest };
}

export type UseSessions = Omit<Loaded<never>, 'data'> & {
  /** Where the user is signed in, the newest first; empty until there is an answer. */
  readonly sessions: readonly AuthSession[];
  /** Of all pages. */
  readonly totalCount: number;
  /** Whether `loadMore` has more to load. */
  readonly hasMore: boolean;
  loadMore(): Promise<void>;
  /**
   * Ends a session of the user. Takes a recent proof for another one than this: call it by `run` of
   * `useStepUp`.
   */
  revoke(sessionId: string): Promise<RevokeSessionResult>;
};

/** Where the user is signed in, 20 at a time. */
export function useSessions(): UseSessions {
  const { auth } = useAuth();
  const pages = useRef(1);
  const { data, ...rest } = useLoaded(async () => {
    const edges = [];
    for (let page = 0, after: string | null = null; page < pages.current; page += 1) {
      const loaded = await auth.sessions({ after });
      if (!loaded) return null;
      edges.push(...loaded.edges);
      after = loaded.pageInfo.endCursor;
      if (!loaded.pageInfo.hasNextPage || page === pages.current - 1)
        return { ...loaded, sessions: edges.map(({ node }) => node) };
    }
    return null;
  });
  const { reload } = rest;
  return {
    ...rest,
    sessions: data?.sessions ?? [],
    totalCount: data?.totalCount ?? 0,
    hasMore: data?.pageInfo.hasNextPage ?? false,
    loadMore: async () => {
      pages.current += 1;
      await reload();
    },
    revoke: async (sessionId) => {
      const result = await auth.revokeSession({ sessionId });
      if (problemOf(result) === null) await reload();
      return result;
    },
  };
}
