import { z } from 'zod';

const code = z.string().regex(/^[0-9]{6,10}$/);
/** Made by links.ts, and checked again when the mail is rendered. */
const link = z.string();
/** ISO 8601, UTC. */
const at = z.iso.datetime();
/**
 * Text that someone else chose, such as a name: rendered by inertText, omitted where it is not
 * harmless.
 */
const words = z.string().nullish();

/** When and from where: see request-origin. */
const origin = { at, device: words, ipAddress: words };

/** The user's name for it. */
const passkey = words;
/** How many the account has, in digits; null where it has none (PK-19). */
const passkeys = words;
/** The same of its accounts at other providers (ID-9). */
const identities = words;
/** What a new password leaves as it is. */
const left = { passkeys, identities };

/** Another provider's name, and what it calls the account, such as an address. */
const identity = { provider: words, label: words };

/**
 * Every mail that we send, by template, with its variables. To add one, add a member here and a
 * file of that name in each folder of templates/. The name of a variable determines how its value
 * is shown, see variablesOf in render-email.
 */
export const emailContent = z.discriminatedUnion('template', [
  z.object({ template: z.literal('verify-email'), code, link, name: words }),
  z.object({
    template: z.literal('already-registered'),
    name: words,
    signInLink: link,
    resetLink: link,
  }),
  z.object({ template: z.literal('login-code'), code, link }),
  /** Without a code where no page waits for one. */
  z.object({ template: z.literal('finish-registration'), code: code.nullable(), link }),
  z.object({ template: z.literal('step-up-code'), code }),
  z.object({ template: z.literal('change-email-code'), code }),
  z.object({ template: z.literal('session-evicted'), at, device: words }),
  z.object({ template: z.literal('totp-enabled'), ...origin }),
  z.object({ template: z.literal('totp-disabled'), ...origin }),
  z.object({ template: z.literal('recovery-code-used'), codesLeft: words, ...origin }),
  z.object({ template: z.literal('recovery-codes-regenerated'), ...origin }),
  z.object({ template: z.literal('passkey-added'), passkey, ...origin }),
  z.object({ template: z.literal('passkey-removed'), passkey, ...origin }),
  /** Its answer did not fit the ones before: it may have been copied (PK-6). */
  z.object({ template: z.literal('passkey-suspect'), passkey, ...origin }),
  z.object({ template: z.literal('link-identity-code'), code, provider: words }),
  z.object({ template: z.literal('identity-linked'), ...identity, ...origin }),
  z.object({ template: z.literal('identity-unlinked'), ...identity, ...origin }),
  z.object({ template: z.literal('factors-reset'), at }),
  z.object({ template: z.literal('invitation'), name: words, link }),
  z.object({ template: z.literal('refresh-reused'), ...origin }),
  z.object({ template: z.literal('password-reset'), link }),
  z.object({ template: z.literal('password-reset-done'), ...left, ...origin, resetLink: link }),
  z.object({ template: z.literal('password-changed'), ...left, ...origin, resetLink: link }),
  z.object({ template: z.literal('email-changed'), ...origin, undoLink: link }),
  z.object({ template: z.literal('email-change-undone'), ...origin, resetLink: link }),
  z.object({ template: z.literal('address-in-use') }),
  z.object({ template: z.literal('new-device'), ...origin, resetLink: link }),
  z.object({ template: z.literal('account-deleted'), ...origin }),
  z.object({ template: z.literal('sign-in-shut'), ...origin, resetLink: link }),
  z.object({ template: z.literal('password-guesses'), ...origin, resetLink: link }),
  z.object({ template: z.literal('password-locked'), ...origin, resetLink: link }),
  z.object({ template: z.literal('code-guesses'), ...origin, resetLink: link }),
  z.object({ template: z.literal('codes-locked'), ...origin, resetLink: link }),
]);

export type EmailContent = z.infer<typeof emailContent>;
export type EmailTemplate = EmailContent['template'];
