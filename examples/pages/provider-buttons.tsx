import type { OtpChallenge } from '@latchkey/client';
import { useIdentities } from '@latchkey/client/react';
import { useState } from 'react';
import { useAction } from './use-action.ts';

/**
 * A button for each provider that the server names. This page leaves, and comes back at
 * /signed-in; or it stays, and a popup opens.
 */
export function ProviderButtons({
  onChallenge,
}: {
  onChallenge: (challenge: OtpChallenge) => void;
}) {
  const { providers, isPending, signIn } = useIdentities();
  const { problem, act } = useAction();
  const [isPopup, setPopup] = useState(false);
  const goTo = async (providerId: string) => {
    const result = await signIn({ providerId, mode: isPopup ? 'popup' : 'redirect' });
    if (result.__typename === 'OtpChallenge') onChallenge(result);
    return result;
  };
  if (providers.length === 0) return null;
  return (
    <>
      {providers.map(({ id, name }) => (
        <button
          key={id}
          type="button"
          className="wide"
          disabled={isPending}
          onClick={() => act(() => goTo(id))}
        >
          Continue with {name}
        </button>
      ))}
      <label className="choice">
        <input type="checkbox" onChange={({ target }) => setPopup(target.checked)} /> In a window of
        its own
      </label>
      <p className="problem" role="alert">
        {problem}
      </p>
    </>
  );
}
