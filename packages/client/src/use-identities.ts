import { useCallback, useEffect, useMemo, useState } from 'react';
import type { AuthClient } from './create-auth-client.ts';
import { createIdentities, type Identities, type IdentityReturn } from './identities.ts';
import { identityError } from './identity-error.ts';
import type { AuthIdentityProvider } from './operations.ts';
import { useAuth } from './use-auth.ts';

export type UseIdentities = Pick<Identities, 'signIn' | 'link' | 'unlink'> & {
  /** Those for which there are buttons; none until the server has named them. */
  readonly providers: readonly AuthIdentityProvider[];
  /** Whether one of these functions is at work. */
  readonly isPending: boolean;
};

/** Sign-in by other providers, with the AuthProvider's client. Throws outside an AuthProvider. */
export function useIdentities(): UseIdentities {
  const { auth, status } = useAuth();
  const identities = useMemo(() => createIdentities(auth), [auth]);
  const [providers, setProviders] = useState<readonly AuthIdentityProvider[]>([]);
  const [pending, setPending] = useState(0);
  const isReachable = status !== 'unreachable';

  useEffect(() => {
    let isMounted = true;
    const show = (list: readonly AuthIdentityProvider[]): void => {
      if (isMounted) setProviders(list);
    };
    // The other ways in stay, and it is asked again once the server answers.
    if (isReachable) identities.providers().then(show, () => {});
    return () => {
      isMounted = false;
    };
  }, [identities, isReachable]);

  const run = useCallback(async <Result>(work: Promise<Result>) => {
    setPending((count) => count + 1);
    return work.finally(() => setPending((count) => count - 1));
  }, []);

  return useMemo(
    () => ({
      providers,
      isPending: pending > 0,
      signIn: (options) => run(identities.signIn(options)),
      link: (options) => run(identities.link(options)),
      unlink: (identityId) => run(identities.unlink(identityId)),
    }),
    [providers, pending, identities, run],
  );
}

/**
 * What the provider has sent the user back with: for the page of `returnTo`. Undefined while it is
 * being completed, null where the page was opened otherwise.
 */
export function useIdentityReturn(): IdentityReturn | null | undefined {
  const { auth } = useAuth();
  const [returned, setReturned] = useState<IdentityReturn | null>();

  useEffect(() => {
    let isMounted = true;
    void finishOnce(auth).then((result) => {
      if (isMounted) setReturned(result);
    });
    return () => {
      isMounted = false;
    };
  }, [auth]);

  return returned;
}

/** An address is taken once: effects of StrictMode, and several hooks, share the outcome. */
const finished = new WeakMap<AuthClient, Promise<IdentityReturn | null>>();

function finishOnce(auth: AuthClient): Promise<IdentityReturn | null> {
  const known = finished.get(auth);
  if (known) return known;
  const finishing = createIdentities(auth)
    .finish()
    .catch((error: unknown) => ({ result: identityError('FAILED', error), page: null }));
  finished.set(auth, finishing);
  return finishing;
}
