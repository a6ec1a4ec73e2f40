import type { ReactNode } from 'react';
import type { User } from './operations.ts';
import { useAuth } from './use-auth.ts';

export type SignedInProps = {
  /** What to show, or a function of the user that shows it. */
  readonly children?: ReactNode | ((user: User) => ReactNode);
};

/** Shows its children where a user is signed in. */
export function SignedIn({ children }: SignedInProps): ReactNode {
  const { user } = useAuth();
  if (!user) return null;
  return typeof children === 'function' ? children(user) : children;
}

/** Shows its children where it is known that no user is signed in. */
export function SignedOut({ children }: { readonly children?: ReactNode }): ReactNode {
  return useAuth().status === 'signed-out' ? children : null;
}

export type RequireAuthProps = SignedInProps & {
  /** For a user who is not signed in, such as the sign-in page. */
  readonly fallback: ReactNode;
  /** As long as it is not known whether one is; nothing, unless given. */
  readonly loading?: ReactNode;
};

/** Shows its children to a user who is signed in, and `fallback` to others. */
export function RequireAuth({ fallback, loading = null, children }: RequireAuthProps): ReactNode {
  const { status, user } = useAuth();
  if (status === 'signed-out') return fallback;
  if (!user) return loading;
  return typeof children === 'function' ? children(user) : children;
}
