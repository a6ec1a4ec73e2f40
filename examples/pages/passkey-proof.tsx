import type { AuthTokens, OtpChallenge, PasskeyChallenge } from '@latchkey/client';
import { usePasskeys } from '@latchkey/client/react';
import { useAction } from './use-action.ts';

type Props = {
  challenge: PasskeyChallenge;
  onTokens: (tokens: AuthTokens) => void;
  onChallenge: (challenge: OtpChallenge) => void;
};

/** Completes a second step or a step-up with a passkey. */
export function PasskeyProof({ challenge, onTokens, onChallenge }: Props) {
  const { isSupported, isPending, verify } = usePasskeys();
  const { problem, act } = useAction();
  if (!isSupported) return null;
  const prove = async () => {
    const result = await verify(challenge);
    if (result.__typename === 'AuthTokens') onTokens(result);
    else if (result.__typename === 'OtpChallenge') onChallenge(result);
    return result;
  };
  return (
    <>
      <button type="button" className="link" disabled={isPending} onClick={() => act(prove)}>
        Use a passkey
      </button>
      <p className="problem" role="alert">
        {problem}
      </p>
    </>
  );
}
