import { z } from 'zod';
import { secondsAfter } from '../../clock.ts';
import { insertIdentityFlow } from '../../db/queries/identity-flows.ts';
import { sha256 } from '../../secret-keys.ts';
import { command } from '../command.ts';
import { requireNativeProvider } from '../identities/require-provider.ts';
import { flowLifetime, secretBytes } from '../identities/rules.ts';
import { sealSecrets } from '../identities/sealed-flow.ts';
import { text } from '../input.ts';
import { reserveByAddress } from '../rate-limits/reserve.ts';

const schema = z.object({ providerId: text({ max: 100 }) });

/** A nonce that one ID token may carry. */
export type IdTokenNonce = {
  readonly kind: 'id-token-nonce';
  readonly id: string;
  readonly nonce: string;
  readonly expiresAt: Date;
};

/**
 * A nonce of ours for the ID token of a native SDK, One Tap or FedCM, so that a token that was
 * issued for something else is of no use (ID-17). Throws PROVIDER_REFUSED, RATE_LIMITED.
 */
export const requestIdTokenNonce = command(schema, async (ctx, input): Promise<IdTokenNonce> => {
  await reserveByAddress(ctx, 'identity-start:address');
  const provider = requireNativeProvider(ctx, input.providerId);
  const now = ctx.clock.now();
  const id = ctx.random.id(now);
  const [handle, nonce] = [ctx.random.token(secretBytes), ctx.random.token(secretBytes)];
  const expiresAt = secondsAfter(now, flowLifetime);
  await insertIdentityFlow(ctx.db, {
    id,
    purpose: 'NONCE',
    providerId: provider.id,
    userId: null,
    sessionId: null,
    returnTo: null,
    codeChallenge: null,
    handleHash: sha256(handle),
    stateHash: null,
    sealedSecrets: sealSecrets(ctx, id, { url: '', nonce, codeVerifier: '' }),
    createdAt: now,
    expiresAt,
  });
  return { kind: 'id-token-nonce', id: handle, nonce, expiresAt };
});
