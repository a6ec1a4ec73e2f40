import type { AuthIdentity } from '@latchkey/client';
import { useIdentities } from '@latchkey/client/react';
import { useState } from 'react';
import { StepUp } from './step-up.tsx';
import { useAction } from './use-action.ts';

export type LinkedAccount = Pick<AuthIdentity, 'id' | 'label' | 'createdAt' | 'lastUsedAt'> & {
  readonly provider: Pick<AuthIdentity['provider'], 'id' | 'name'>;
};
type Wish = { readonly unlink: string } | { readonly link: string };

/** The accounts at other providers that sign in to this one: links and unlinks them. */
export function LinkedAccounts({
  identities,
  onChange,
}: {
  identities: readonly LinkedAccount[];
  onChange: () => void;
}) {
  const { providers, isPending, link, unlink } = useIdentities();
  const { problem, act } = useAction();
  const [afterProof, setAfterProof] = useState<Wish | null>(null);

  /** The page stays where the browser opens popups, and leaves otherwise. */
  const linkTo = async (providerId: string) => {
    const answer = await link({ providerId, mode: 'popup' });
    const isBlocked = answer.__typename === 'IdentityError' && answer.code === 'POPUP_BLOCKED';
    return isBlocked ? link({ providerId }) : answer;
  };

  const carryOut = (wish: Wish): Promise<void> =>
    act(async () => {
      const answer = await ('link' in wish ? linkTo(wish.link) : unlink(wish.unlink));
      const isProofWanted = answer.__typename === 'AuthError' && answer.code === 'STEP_UP_REQUIRED';
      setAfterProof(isProofWanted ? wish : null);
      if (isProofWanted) return { __typename: 'StepUp' };
      onChange();
      return answer;
    });

  if (providers.length === 0) return null;
  return (
    <section className="sheet">
      <h2>Linked accounts</h2>
      <ul className="rows">
        {identities.map(({ id, provider, label, createdAt, lastUsedAt }) => (
          <li key={id}>
            <span>
              {provider.name} {label}
              <small>
                {lastUsedAt
                  ? `Last used ${new Date(lastUsedAt).toLocaleString()}`
                  : `Linked ${new Date(createdAt).toLocaleString()}`}
              </small>
            </span>
            <button type="button" disabled={isPending} onClick={() => carryOut({ unlink: id })}>
              Unlink
            </button>
          </li>
        ))}
      </ul>
      {afterProof === null &&
        providers.map(({ id, name }) => (
          <button
            key={id}
            type="button"
            disabled={isPending}
            onClick={() => carryOut({ link: id })}
          >
            Link {name}
          </button>
        ))}
      {afterProof !== null && <StepUp onProved={() => carryOut(afterProof)} />}
      <p className="problem" role="alert">
        {problem}
      </p>
    </section>
  );
}
