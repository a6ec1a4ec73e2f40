import type { SealedSession } from './server-seal.ts';

type Answer = Promise<SealedSession | null>;

export type SharedRefresh = {
  /** What became of a session; `work` is called where no one has asked lately. */
  once(refreshToken: string, work: () => Answer): Answer;
  /** The session goes on as another one, whose requests with the old cookie are on their way. */
  replaced(refreshToken: string, session: SealedSession): void;
};

/** Milliseconds for which requests with the old cookie still arrive: REFRESH_GRACE, unless set. */
const grace = 20_000;

/** One refresh of each session in this process, however many pages are rendered at once. */
export function shareRefreshes(): SharedRefresh {
  // In the order in which they end: all are kept equally long.
  const answers = new Map<string, { readonly answer: Answer; until: number }>();
  const dropOld = (): void => {
    for (const [refreshToken, { until }] of answers) {
      if (until > Date.now()) return;
      answers.delete(refreshToken);
    }
  };
  const keep = (refreshToken: string, answer: Answer): void => {
    answers.delete(refreshToken);
    answers.set(refreshToken, { answer, until: Date.now() + grace });
  };
  return {
    once: (refreshToken, work) => {
      dropOld();
      const known = answers.get(refreshToken);
      if (known) return known.answer;
      const answer = work();
      keep(refreshToken, answer);
      // A failure says nothing of the session: the next request tries again.
      answer.catch(() => answers.delete(refreshToken));
      return answer;
    },
    replaced: (refreshToken, session) => keep(refreshToken, Promise.resolve(session)),
  };
}
