import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import { wasRefused } from './autofill.ts';
import { type PasskeyError, passkeyError } from './ceremony.ts';
import type { VerifyPasskeyResult } from './operations.ts';
import { createPasskeys, type Passkeys } from './passkeys.ts';
import { useAuth } from './use-auth.ts';

export type UsePasskeysOptions = {
  /**
   * Where given, the browser offers passkeys in the field whose `autocomplete` says `username
   * webauthn` while the component is mounted; what came of a choice goes here. After a click that
   * signed no one in they are offered again.
   */
  readonly onAutofill?: ((result: VerifyPasskeyResult | PasskeyError) => void) | undefined;
};

export type UsePasskeys = Omit<Passkeys, 'isSupported'> & {
  /** Whether this browser has passkeys: show no button where it has none. */
  readonly isSupported: boolean;
  /** Whether one of these functions is at work. */
  readonly isPending: boolean;
  /**
   * Begins the autofill anew, where there is `onAutofill`: after a ceremony of the app's own. One
   * that was refused or cancelled here does so by itself.
   */
  offerAgain(): void;
};

/** Passkeys of the AuthProvider's client. Throws outside an AuthProvider. */
export function usePasskeys({ onAutofill }: UsePasskeysOptions = {}): UsePasskeys {
  const { auth } = useAuth();
  const passkeys = useMemo(() => createPasskeys(auth), [auth]);
  // A server that renders the page knows no browser.
  const isSupported = useSyncExternalStore(subscribeToNothing, passkeys.isSupported, () => false);
  const offerAgain = useAutofill(passkeys, onAutofill);
  const [pending, setPending] = useState(0);

  const run = useCallback(
    async <Result extends { readonly __typename: string }>(work: Promise<Result>) => {
      setPending((count) => count + 1);
      let isRefused = true;
      try {
        const result = await work;
        isRefused = result.__typename.endsWith('Error');
        return result;
      } finally {
        setPending((count) => count - 1);
        if (isRefused) offerAgain();
      }
    },
    [offerAgain],
  );

  return useMemo(
    () => ({
      isSupported,
      isPending: pending > 0,
      signIn: (options) => run(passkeys.signIn(options)),
      verify: (challenge) => run(passkeys.verify(challenge)),
      register: (options) => run(passkeys.register(options)),
      remove: (passkeyId) => run(passkeys.remove(passkeyId)),
      signal: passkeys.signal,
      offerAgain,
    }),
    [isSupported, pending, passkeys, run, offerAgain],
  );
}

const subscribeToNothing = () => () => {};

/** Returns what begins it anew. */
function useAutofill(passkeys: Passkeys, onAutofill: UsePasskeysOptions['onAutofill']): () => void {
  const [round, setRound] = useState(0);
  const offerAgain = useCallback(() => setRound((count) => count + 1), []);
  const report = useRef(onAutofill);
  const isWanted = onAutofill !== undefined;

  useEffect(() => {
    report.current = onAutofill;
  }, [onAutofill]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: another round, another autofill.
  useEffect(() => {
    if (!isWanted) return;
    const unmounted = new AbortController();
    const offer = async (): Promise<void> => {
      const options = { autofill: true, signal: unmounted.signal };
      const result = await passkeys
        .signIn(options)
        .catch((error: unknown) => passkeyError('FAILED', error));
      // The user has not asked for it, and need not read that nothing came of it.
      if (result.__typename === 'PasskeyError' && result.code !== 'FAILED') return;
      report.current?.(result);
      if (wasRefused(result) && !unmounted.signal.aborted) offerAgain();
    };
    void offer();
    return () => unmounted.abort();
  }, [passkeys, isWanted, round, offerAgain]);

  return offerAgain;
}
