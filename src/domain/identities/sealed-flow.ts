import { z } from 'zod';
import type { App } from '../../app.ts';
import type { ProviderAnswer } from '../../ports.ts';

/** What a flow needs again, and no one else may read. */
const secrets = z.object({
  /** The provider's address for the browser; empty for a NONCE. */
  url: z.string(),
  nonce: z.string(),
  /** Of our own PKCE with the provider; empty for a NONCE. */
  codeVerifier: z.string(),
});

const answer = z.object({
  issuer: z.string(),
  subject: z.string(),
  email: z.string().nullable(),
  emailVerified: z.boolean(),
  name: z.string().nullable(),
  label: z.string().nullable(),
  provesSecondFactor: z.boolean(),
}) satisfies z.ZodType<ProviderAnswer>;

export type FlowSecrets = z.infer<typeof secrets>;

type Keys = Pick<App, 'keys'>;
type Sealed = { readonly id: string; readonly sealed: Uint8Array | null };

export function sealSecrets(ctx: Keys, id: string, value: FlowSecrets): Uint8Array {
  return seal(ctx, `secrets ${id}`, value);
}

/** Null where the key is gone or the row was tampered with. */
export function openSecrets(ctx: Keys, { id, sealed }: Sealed): FlowSecrets | null {
  return secrets.safeParse(open(ctx, `secrets ${id}`, sealed)).data ?? null;
}

export function sealAnswer(ctx: Keys, id: string, value: ProviderAnswer): Uint8Array {
  return seal(ctx, `answer ${id}`, value);
}

/** As `openSecrets`. */
export function openAnswer(ctx: Keys, { id, sealed }: Sealed): ProviderAnswer | null {
  return answer.safeParse(open(ctx, `answer ${id}`, sealed)).data ?? null;
}

/** Bound to the row, so that what one flow got is of no use in another. */
function seal({ keys }: Keys, context: string, value: object): Uint8Array {
  return keys.seal('identity-flow-seal', context, Buffer.from(JSON.stringify(value)));
}

function open({ keys }: Keys, context: string, sealed: Uint8Array | null): unknown {
  const plain = sealed && keys.open('identity-flow-seal', context, sealed);
  return plain ? JSON.parse(plain.toString('utf8')) : null;
}
