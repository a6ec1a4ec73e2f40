import { z } from 'zod';
import { maxCredentialIdBytes } from './rules.ts';

/** Strict base64url (RFC 4648 5, no padding), as its bytes: one text for each value (PK-18). */
function base64url(options: { max: number }) {
  return z
    .string({ error: 'A value in base64url is required.' })
    .transform((value, ctx): Buffer => {
      const issue = (code: string, message: string): never => {
        ctx.addIssue({ code: 'custom', params: { code }, message });
        return z.NEVER;
      };
      if (value.length > Math.ceil((options.max * 4) / 3))
        return issue('TOO_LONG', 'The value is too long.');
      const bytes = Buffer.from(value, 'base64url');
      const isStrict = bytes.length > 0 && bytes.toString('base64url') === value;
      return isStrict ? bytes : issue('INVALID', 'This is not base64url.');
    });
}

const credentialId = base64url({ max: maxCredentialIdBytes });
const part = base64url({ max: 12_288 });

/** What both ceremonies send; members that are not named here are left out (PK-18). */
const base = {
  id: credentialId,
  rawId: credentialId,
  type: z.literal('public-key', { error: 'This is not a passkey.' }),
};

function hasOneId({ id, rawId }: { id: Buffer; rawId: Buffer }): boolean {
  return id.equals(rawId);
}

const twoIds = { message: 'The ids differ.', path: ['rawId'] };

/** `toJSON()` of the answer of navigator.credentials.get. */
export const assertionJson = z.unknown().pipe(
  z
    .object({
      ...base,
      response: z.object({
        clientDataJSON: part,
        authenticatorData: part,
        signature: part,
        userHandle: base64url({ max: 64 }).nullish(),
      }),
    })
    .refine(hasOneId, twoIds),
);

export type AssertionJson = z.output<typeof assertionJson>;

export const transportNames = ['usb', 'nfc', 'ble', 'smart-card', 'hybrid', 'internal'] as const;

/** Hints for the browser, kept where they are known ones. */
const transports = z
  .array(z.unknown())
  .catch([])
  .transform((given) => transportNames.filter((name) => given.includes(name)));

/** `toJSON()` of the answer of navigator.credentials.create. */
export const registrationJson = z.unknown().pipe(
  z
    .object({
      ...base,
      response: z.object({
        clientDataJSON: part,
        attestationObject: part,
        transports: transports.optional().default([]),
      }),
    })
    .refine(hasOneId, twoIds),
);

export type RegistrationJson = z.output<typeof registrationJson>;
