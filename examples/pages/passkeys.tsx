import type { Passkey } from '@latchkey/client';
import { usePasskeys } from '@latchkey/client/react';
import { useState } from 'react';
import { StepUp } from './step-up.tsx';
import { useAction } from './use-action.ts';

type Shown = Pick<Passkey, 'id' | 'name' | 'createdAt' | 'lastUsedAt'>;
type Wish = { readonly remove: string } | 'add';

/** The passkeys of the account: adds one of this device, and removes them. */
export function Passkeys({
  passkeys,
  onChange,
}: {
  passkeys: readonly Shown[];
  onChange: () => void;
}) {
  const { isSupported, isPending, register, remove } = usePasskeys();
  const { problem, act } = useAction();
  const [afterProof, setAfterProof] = useState<Wish | null>(null);

  const carryOut = (wish: Wish): Promise<void> =>
    act(async () => {
      const answer = await (wish === 'add' ? register() : remove(wish.remove));
      const isProofWanted = answer.__typename === 'AuthError' && answer.code === 'STEP_UP_REQUIRED';
      setAfterProof(isProofWanted ? wish : null);
      if (isProofWanted) return { __typename: 'StepUp' };
      onChange();
      return answer;
    });

  return (
    <section className="sheet">
      <h2>Passkeys</h2>
      {passkeys.length === 0 && <p>Sign in without a password, with what unlocks your device.</p>}
      <ul className="rows">
        {passkeys.map(({ id, name, createdAt, lastUsedAt }) => (
          <li key={id}>
            <span>
              {name}
              <small>
                {lastUsedAt
                  ? `Last used ${new Date(lastUsedAt).toLocaleString()}`
                  : `Added ${new Date(createdAt).toLocaleString()}`}
              </small>
            </span>
            <button type="button" disabled={isPending} onClick={() => carryOut({ remove: id })}>
              Remove
            </button>
          </li>
        ))}
      </ul>
      {isSupported && afterProof === null && (
        <button type="button" disabled={isPending} onClick={() => carryOut('add')}>
          Add a passkey
        </button>
      )}
      {afterProof !== null && <StepUp onProved={() => carryOut(afterProof)} />}
      <p className="problem" role="alert">
        {problem}
      </p>
    </section>
  );
}
