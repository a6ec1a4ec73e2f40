import { secondsAfter } from '../../clock.ts';
import type { IdentityProvider } from '../../config/identity-providers.ts';
import type { Context } from '../../context.ts';
import type { Db } from '../../db/driver/client.ts';
import { insertIdentityFlow, type NewIdentityFlow } from '../../db/queries/identity-flows.ts';
import { sha256 } from '../../secret-keys.ts';
import { callbackUrl } from './return-urls.ts';
import { flowLifetime, secretBytes } from './rules.ts';
import { sealSecrets } from './sealed-flow.ts';

/** Where to send the browser. */
export type IdentityRedirect = {
  readonly kind: 'identity-redirect';
  readonly url: string;
  readonly expiresAt: Date;
};

type Wanted = {
  readonly provider: IdentityProvider;
  readonly returnTo: string;
  readonly codeChallenge: string;
  readonly loginHint: string | null;
  /** The session that links an account; null for a sign-in. */
  readonly owner: { readonly userId: string; readonly sessionId: string } | null;
};

/** A flow that is ready to be stored. */
export type PreparedFlow = { readonly row: NewIdentityFlow; readonly redirect: IdentityRedirect };

/**
 * Makes a flow's secrets and asks the provider where the browser goes, so that one that is away is
 * told of at once (ID-20). Call it outside of a transaction. Throws PROVIDER_REFUSED.
 */
export async function prepareFlow(ctx: Context, wanted: Wanted): Promise<PreparedFlow> {
  const { provider, returnTo, codeChallenge, loginHint, owner } = wanted;
  const [handle, state, nonce, codeVerifier] = [secret(ctx), secret(ctx), secret(ctx), secret(ctx)];
  const redirectUri = callbackUrl(ctx, provider);
  const url = await ctx.identityProviders.authorizationUrl(provider, {
    state,
    nonce,
    codeVerifier,
    redirectUri,
    loginHint,
  });
  const now = ctx.clock.now();
  const id = ctx.random.id(now);
  const expiresAt = secondsAfter(now, flowLifetime);
  return {
    row: {
      id,
      purpose: owner === null ? 'LOGIN' : 'LINK',
      providerId: provider.id,
      userId: owner?.userId ?? null,
      sessionId: owner?.sessionId ?? null,
      returnTo,
      codeChallenge,
      handleHash: sha256(handle),
      stateHash: sha256(state),
      sealedSecrets: sealSecrets(ctx, id, { url, nonce, codeVerifier }),
      createdAt: now,
      expiresAt,
    },
    redirect: {
      kind: 'identity-redirect',
      url: `${ctx.config.publicUrl}/identity/start/${handle}`,
      expiresAt,
    },
  };
}

/** Stores it. */
export async function beginFlow(
  db: Db,
  { row, redirect }: PreparedFlow,
): Promise<IdentityRedirect> {
  await insertIdentityFlow(db, row);
  return redirect;
}

function secret({ random }: Context): string {
  return random.token(secretBytes);
}
