import type { OtpChallenge } from '@latchkey/client';
import type { IdentityReturn } from '@latchkey/client/identities';
import { useIdentityReturn } from '@latchkey/client/react';
import { useEffect } from 'react';

/**
 * What a provider has sent the user back with; undefined while it is being completed. The address
 * is then the one where the user was.
 */
export function useReturn(): IdentityReturn | null | undefined {
  const returned = useIdentityReturn();
  useEffect(() => {
    if (returned) history.replaceState(null, '', returned.page ?? '/');
  }, [returned]);
  return returned;
}

/** The code that is asked for next; null where none is. */
export function challengeIn(returned: IdentityReturn | null): OtpChallenge | null {
  return returned?.result.__typename === 'OtpChallenge' ? returned.result : null;
}

/** What to say of it. A success but a link speaks for itself. */
export function wordsFor({ result }: IdentityReturn): string {
  switch (result.__typename) {
    case 'AuthIdentity':
      return `${result.provider.name} is linked to your account.`;
    case 'IdentityHandedOver':
      return 'You can close this window.';
    case 'AuthError':
    case 'IdentityError':
      return result.message;
    default:
      return '';
  }
}
