import type { App } from '../../app.ts';
import { secondsAfter } from '../../clock.ts';
import type { IdentityProvider } from '../../config/identity-providers.ts';
import type { Egress } from '../../egress/egress.ts';
import { discoveryIssuer, type Metadata, readMetadata } from './metadata.ts';
import type { Deadline } from './provider-calls.ts';
import { readObject } from './provider-calls.ts';
import { ruleOf } from './provider-fault.ts';

/** Seconds that a document is taken as it is. */
const freshFor = 60 * 60;
/** Seconds that it is taken while the provider does not give another (ID-20). */
const staleFor = 24 * 60 * 60;
/** Seconds until a provider that gave none is asked again. */
const retryAfter = 60;

/** What a provider says of itself, asked for at its first use and kept. */
export type Discovery = {
  metadataOf(provider: IdentityProvider, deadline: Deadline): Promise<Metadata>;
};

type Parts = Pick<App, 'config' | 'clock' | 'log'> & { readonly egress: Egress };

type Kept = { readonly metadata: Metadata; readonly readAt: Date; askAgainAt: Date };

/** Asks a provider for its document. */
async function askForMetadata(
  { config, egress }: Pick<Parts, 'config' | 'egress'>,
  provider: IdentityProvider,
  deadlineMs?: number,
): Promise<Metadata> {
  const answer = await egress.request({
    url: `${discoveryIssuer(provider)}/.well-known/openid-configuration`,
    headers: { accept: 'application/json', 'user-agent': 'Latchkey' },
    ...(deadlineMs === undefined ? {} : { deadlineMs }),
  });
  const allowPrivate = config.identityAllowPrivate;
  return readMetadata(readObject(answer, 'discovery'), { provider, allowPrivate });
}

/** Why a provider of OpenID Connect could sign no one in now; null where it could. */
export async function discoveryProblem(
  parts: Pick<Parts, 'config' | 'egress'>,
  provider: IdentityProvider,
): Promise<string | null> {
  return askForMetadata(parts, provider).then(() => null, ruleOf);
}

/**
 * A document that is over an hour old is renewed beside the sign-in that found it so, which does
 * not wait. Holds one for each configured provider at most.
 */
export function createDiscovery({ config, clock, log, egress }: Parts): Discovery {
  const kept = new Map<string, Kept>();
  const inFlight = new Map<string, Promise<Metadata>>();

  const ask = async (provider: IdentityProvider, deadlineMs?: number): Promise<Metadata> => {
    const metadata = await askForMetadata({ config, egress }, provider, deadlineMs);
    const readAt = clock.now();
    kept.set(provider.id, { metadata, readAt, askAgainAt: secondsAfter(readAt, freshFor) });
    return metadata;
  };
  /** Callers at the same time share one call. */
  const askOnce = (provider: IdentityProvider, deadlineMs?: number): Promise<Metadata> => {
    const running = inFlight.get(provider.id);
    if (running) return running;
    const asked = ask(provider, deadlineMs).finally(() => inFlight.delete(provider.id));
    inFlight.set(provider.id, asked);
    return asked;
  };
  const renew = (provider: IdentityProvider, entry: Kept): void => {
    entry.askAgainAt = secondsAfter(clock.now(), retryAfter);
    askOnce(provider).catch((error: unknown) => {
      log.warn(
        { event: 'identity.discovery_failed', provider: provider.id, rule: ruleOf(error) },
        'A provider’s discovery document could not be renewed; the one before is used.',
      );
    });
  };
  return {
    metadataOf: async (provider, deadline) => {
      const entry = kept.get(provider.id);
      const now = clock.now();
      if (!entry || now >= secondsAfter(entry.readAt, staleFor))
        return askOnce(provider, deadline.leftMs());
      if (now >= entry.askAgainAt) renew(provider, entry);
      return entry.metadata;
    },
  };
}
