import { z } from 'zod';

/**
 * What a browser has begun and not yet finished. It stands in a cookie of its own: nobody else's
 * answer depends on it, and every part of it is judged again when it is used.
 */
export type Step = z.infer<typeof schema>;

/** Characters; browsers drop a cookie of more than 4096 bytes, which this one is in base64. */
const longestReturnTo = 1500;

/** Characters of the cookie's value; a browser drops a cookie of more, with its name. */
const longestStep = 3900;

const short = z.string().max(2048);

const passkey = z.object({
  id: short,
  options: z.record(z.string(), z.unknown()),
  expiresAt: z.iso.datetime(),
});

const schema = z.object({
  challenge: z
    .object({
      id: short,
      purpose: z.enum(['VERIFY_EMAIL', 'LOGIN', 'STEP_UP', 'CHANGE_EMAIL', 'LINK_IDENTITY']),
      methods: z.array(z.enum(['EMAIL', 'TOTP', 'RECOVERY_CODE'])).readonly(),
      sentTo: short.nullable(),
      resendAvailableAt: z.iso.datetime().nullable(),
      passkey: passkey.nullish(),
    })
    .optional(),
  /** Whether the sign-in may end with the offer of a passkey (offer-passkey.ts). */
  mayOffer: z.literal(true).optional(),
  /** What another provider was asked for, and the verifier that its ticket is bound to. */
  identity: z.object({ purpose: z.enum(['LOGIN', 'LINK']), verifier: short }).optional(),
  /** Where to after the sign-in, as it was asked for. */
  returnTo: short.optional(),
  /**
   * A form that waits until the person has proved again who they are; whole where it can be sent
   * without them, since it had no secrets.
   */
  pending: z
    .object({
      /** Of the account's session that sent it; another one never goes on with it. */
      sessionId: short,
      path: short,
      form: short,
      fields: z.record(short, short),
      isWhole: z.boolean(),
    })
    .optional(),
});

/** An address that would push what else has to be kept out of the cookie is left out. */
export function keptReturnTo(wanted: string | null): string | undefined {
  return wanted === null || wanted.length > longestReturnTo ? undefined : wanted;
}

/** An empty step for whatever is none. */
export function readStep(text: string | undefined): Step {
  if (text === undefined) return {};
  try {
    const step = schema.safeParse(JSON.parse(Buffer.from(text, 'base64url').toString()));
    return step.success ? step.data : {};
  } catch {
    return {};
  }
}

/** The passkeys of an account may be too many to be kept: codes then are the way that is left. */
export function writeStep(step: Step): string {
  const text = encoded(step);
  const { challenge } = step;
  if (text.length <= longestStep || challenge === undefined) return text;
  return encoded({ ...step, challenge: { ...challenge, passkey: null } });
}

function encoded(step: Step): string {
  return Buffer.from(JSON.stringify(step)).toString('base64url');
}
