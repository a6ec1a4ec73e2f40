import { useCallback, useEffect, useState } from 'react';
import type { AuthClient } from './create-auth-client.ts';
import { type MailLink, takeMailLink } from './link.ts';
import { useAuth } from './use-auth.ts';

/** An address is taken once: effects of React's StrictMode, and several hooks, share the link. */
const taken = new WeakMap<AuthClient, MailLink>();

export type UseMailLink = {
  /** The link of a mail that opened the page; null where none did, undefined before it is read. */
  readonly link: MailLink | null | undefined;
  /** It has been used, or the user does not want to. */
  forget(): void;
};

/** The link of a mail with which the page was opened. Its token leaves the address bar. */
export function useMailLink(): UseMailLink {
  const { auth } = useAuth();
  const [link, setLink] = useState<MailLink | null>();
  useEffect(() => {
    const read = (): void => {
      const found = takeMailLink() ?? taken.get(auth) ?? null;
      if (found) taken.set(auth, found);
      setLink(found);
    };
    read();
    // A link to the page that is open already changes nothing but what stands behind the `#`.
    addEventListener('hashchange', read);
    return () => removeEventListener('hashchange', read);
  }, [auth]);
  const forget = useCallback(() => {
    taken.delete(auth);
    setLink(null);
  }, [auth]);
  return { link, forget };
}
