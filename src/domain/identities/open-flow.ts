import type { App } from '../../app.ts';
import { beginIdentityFlow } from '../../db/queries/identity-flows.ts';
import { sha256 } from '../../secret-keys.ts';
import { refusedUrl } from './refused-url.ts';
import { secretBytes } from './rules.ts';
import { openSecrets } from './sealed-flow.ts';

type Input = {
  readonly handle: string;
  /** What the browser's cookie holds; null where it has none. */
  readonly browser: string | null;
};

export type OpenedFlow = {
  readonly url: string;
  /** For the cookie; the same as before where there was one, so that two tabs work. */
  readonly browser: string;
};

/**
 * The browser's first step: takes the handle, for this browser alone, and says where it goes on.
 * The cookie binds the flow to the browser that began it: an attacker who sends a victim to the
 * provider cannot have the victim's browser complete the attacker's flow (ID-12). Null where there
 * is no such flow.
 */
export async function openFlow(ctx: App, { handle, browser }: Input): Promise<OpenedFlow | null> {
  const kept = browser ?? ctx.random.token(secretBytes);
  const flow = await beginIdentityFlow(ctx.db, {
    handleHash: sha256(handle),
    browserHash: sha256(kept),
    now: ctx.clock.now(),
  });
  if (!flow) return null;
  const secrets = openSecrets(ctx, { id: flow.id, sealed: flow.sealedSecrets });
  const isEnabled = ctx.identityProviders.find(flow.providerId) !== null;
  return { url: isEnabled && secrets ? secrets.url : refusedUrl(flow), browser: kept };
}
