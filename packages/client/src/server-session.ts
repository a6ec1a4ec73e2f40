import { RefreshError } from './errors.ts';
import { mutationOf } from './mutation-of.ts';
import type { AuthError, AuthTokens, User } from './operations.ts';
import { cookieFor, readCookie, type ServerCookie } from './server-cookie.ts';
import type { SharedRefresh } from './server-refresh.ts';
import type { Seal, SealedSession } from './server-seal.ts';
import { lifetimeOf } from './session.ts';
import { dataOf, inTime, type Post } from './transport.ts';

/** The session of one request, and the cookie that its answer has to set. */
export type RequestSession = {
  /** As the cookie has it, or as it became since. */
  load(): Promise<SealedSession | null>;
  /** The same, refreshed where its token has expired. */
  fresh(): Promise<SealedSession | null>;
  /** After a refusal of this token: the session with another, or null where it has ended. */
  renew(refused: SealedSession): Promise<SealedSession | null>;
  take(tokens: AuthTokens): Promise<void>;
  update(user: User): Promise<void>;
  leave(): Promise<void>;
  /** Null where the answer sets none. */
  cookie(): ServerCookie | null;
};

type Parts = {
  readonly header: string | null;
  readonly name: string;
  readonly secure: boolean;
  readonly seal: Seal;
  readonly shared: SharedRefresh;
  readonly post: Post;
  /** False where no cookie can be set: a refresh whose answer is lost would end the session. */
  readonly mayRefresh: boolean;
};

export function openSession(parts: Parts): RequestSession {
  const { name, secure, seal, shared, mayRefresh } = parts;
  let loading: Promise<SealedSession | null> | undefined;
  let cookie: ServerCookie | null = null;
  const load = (): Promise<SealedSession | null> => {
    const sent = readCookie(parts.header, name);
    loading ??= sent ? seal.open(sent) : Promise.resolve(null);
    return loading;
  };
  const become = async (session: SealedSession | null): Promise<SealedSession | null> => {
    const hadNone = (await load()) === null && session === null;
    if (!hadNone) cookie = await cookieFor(session, { name, secure, seal });
    loading = Promise.resolve(session);
    return session;
  };
  const renew = async (refused: SealedSession): Promise<SealedSession | null> => {
    const known = await load();
    if (known?.accessToken !== refused.accessToken) return known;
    if (!mayRefresh) return null;
    const { refreshToken } = refused;
    return become(await shared.once(refreshToken, () => refresh(parts.post, refreshToken)));
  };
  return {
    load,
    fresh: async () => {
      const session = await load();
      return session && mayRefresh && Date.now() >= session.refreshAt ? renew(session) : session;
    },
    renew,
    take: async (tokens) => {
      const before = await load();
      const session = sessionOf(tokens);
      // Pages that were asked for with the old cookie must not sign the user out.
      if (before?.user.id === session.user.id) shared.replaced(before.refreshToken, session);
      await become(session);
    },
    update: async (user) => {
      const session = await load();
      // An administrator's mutation answers another user.
      if (session?.user.id === user.id) await become({ ...session, user });
    },
    leave: async () => {
      await become(null);
    },
    cookie: () => cookie,
  };
}

type RefreshResult =
  | ({ readonly __typename: 'AuthTokens' } & AuthTokens)
  | ({ readonly __typename: 'AuthError' } & AuthError);

/** Null where the session has ended. Rejects where that is not known, and the cookie stays. */
async function refresh(post: Post, refreshToken: string): Promise<SealedSession | null> {
  const operation = mutationOf('refreshSession', { refreshToken }, 'BODY');
  const answer = await inTime((signal) => post(operation, null, signal));
  const result = dataOf(answer)['refreshSession'] as RefreshResult;
  if (result.__typename === 'AuthTokens') return sessionOf(result);
  if (result.code === 'INVALID_OR_EXPIRED_TOKEN') return null;
  throw new RefreshError(result);
}

function sessionOf(tokens: AuthTokens): SealedSession {
  const { accessToken, refreshToken, user } = tokens;
  const lifetime = lifetimeOf(accessToken, Date.now());
  // By the server's clock, only their distance counts.
  const longer = Date.parse(tokens.refreshTokenExpiresAt) - Date.parse(tokens.accessTokenExpiresAt);
  return {
    accessToken,
    refreshToken: refreshToken ?? '',
    user,
    ...lifetime,
    endsAt: lifetime.expiresAt + longer,
  };
}
