import { randomBytes } from 'node:crypto';
import type { Config } from '../config/read-config.ts';
import { createIdentityProviders } from '../domain/identities/identity-providers.ts';
import { createEgress, type Egress } from '../egress/egress.ts';
import { createLog } from '../observability/log.ts';
import type { IdentityProviders, ProviderAnswer, ProviderFlow } from '../ports.ts';
import { testConfig } from './app.ts';
import type { SentBack } from './authorization-endpoint.ts';
import { createTestClock, type TestClock } from './clock.ts';

/** The server's side of other providers alone, with what it wrote to its log. */
export type TestRelyingParty = {
  readonly providers: IdentityProviders;
  readonly clock: TestClock;
  readonly logLines: string[];
};

export function createTestRelyingParty(
  identityProviders: Config['identityProviders'],
  options: {
    readonly egress?: Egress;
    readonly allowPrivate?: boolean;
    readonly clock?: TestClock;
  } = {},
): TestRelyingParty {
  const { allowPrivate = true, clock = createTestClock() } = options;
  const config = { ...testConfig, identityProviders, identityAllowPrivate: allowPrivate };
  const logLines: string[] = [];
  const log = createLog(config, { write: (line) => void logLines.push(line) });
  const egress = options.egress ?? createEgress({ allowLoopback: allowPrivate });
  return {
    providers: createIdentityProviders({ config, clock, log, egress }),
    clock,
    logLines,
  };
}

export function newFlow(id: string): ProviderFlow {
  const secret = (): string => randomBytes(32).toString('base64url');
  const redirectUri = `${testConfig.publicUrl}/identity/callback/${id}`;
  return { state: secret(), nonce: secret(), codeVerifier: secret(), redirectUri };
}

/** A whole sign-in: to the provider, `Continue`, and back. */
export async function signInAt(
  { providers }: Pick<TestRelyingParty, 'providers'>,
  double: { press(authorizationUrl: string): Promise<SentBack> },
  id = 'double',
): Promise<ProviderAnswer> {
  const provider = providers.find(id);
  if (!provider) throw new Error(`There is no provider ${id}.`);
  const flow = newFlow(id);
  const url = await providers.authorizationUrl(provider, { ...flow, loginHint: null });
  return providers.redeem(provider, { ...flow, parameters: parametersOf(await double.press(url)) });
}

export function parametersOf({ url, form }: SentBack): URLSearchParams {
  return form ?? new URL(url).searchParams;
}
