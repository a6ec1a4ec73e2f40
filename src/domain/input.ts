import { z } from 'zod';
import { type EmailAddress, hasPlainDots, parseEmailAddress } from './addresses/email-address.ts';
import { localeOf, localeTags } from './emails/locales.ts';
import { oneLine } from './one-line.ts';
import { passwordTextFault } from './passwords/password-text.ts';

/**
 * Text that PostgreSQL and every log can store: no NUL, well-formed, of bounded length in UTF-16
 * units.
 */
export function text(options: { max: number; min?: number }): z.ZodType<string, string> {
  return z
    .string({ error: 'A text is required.' })
    .min(options.min ?? 0, 'A value is required.')
    .max(options.max, `At most ${options.max} characters are allowed.`)
    .refine((value) => !value.includes('\u0000') && value.isWellFormed(), {
      message: 'The text holds a character that is not allowed.',
      params: { code: 'INVALID_CHARACTER' },
    });
}

function emailAddressThat(isFine: (parsed: EmailAddress) => boolean) {
  return z
    .string({ error: 'An e-mail address is required.' })
    .min(1, 'An e-mail address is required.')
    .transform((value, ctx) => {
      const parsed = parseEmailAddress(value);
      if (parsed && isFine(parsed)) return parsed;
      ctx.addIssue({
        code: 'custom',
        params: { code: 'INVALID_EMAIL' },
        message: 'This is not one valid e-mail address.',
      });
      return z.NEVER;
    });
}

/** One e-mail address that an account may have, in both of its forms. */
export const emailAddress: z.ZodType<EmailAddress, string> = emailAddressThat(() => true);

/** One e-mail address that an account is to get: without the stray dots that imported ones have. */
export const newEmailAddress: z.ZodType<EmailAddress, string> = emailAddressThat(hasPlainDots);

/** A password that is being checked, not set: valid for hashing, with no further policy. */
export const password: z.ZodType<string, string> = z
  .string({ error: 'A password is required.' })
  .superRefine((value, ctx) => {
    const fault = passwordTextFault(value);
    if (fault)
      ctx.addIssue({ code: 'custom', params: { code: fault.code }, message: fault.message });
  });

/** A password that is being set; the policy (check-password) holds every further rule. */
export const newPassword: z.ZodType<string, string> = z.string({
  error: 'A password is required.',
});

/** An opaque bearer value in base64url. */
export const opaqueToken: z.ZodType<string, string> = z
  .string({ error: 'A value is required.' })
  .min(1, 'A value is required.')
  .max(512, 'This is longer than any that was given out.');

/** The id of one of our rows. */
export const uuid: z.ZodType<string, string> = z.uuid('This is not an id of ours.');

/** A display name: one line, no control characters. */
export const displayName = text({ max: 100 })
  .nullish()
  .transform((value) => {
    const line = oneLine(value?.normalize('NFC') ?? '').normalize('NFC');
    return line === '' ? null : line;
  });

/** A language that mails are written in. */
export const supportedLocale = text({ max: 35 }).transform((value, ctx) => {
  const found = localeOf(value);
  if (found) return found;
  const message = `Mails are written in these languages: ${localeTags.join(', ')}.`;
  ctx.addIssue({ code: 'custom', params: { code: 'UNSUPPORTED_LOCALE' }, message });
  return z.NEVER;
});

export const tokenDelivery = z
  .enum(['BODY', 'COOKIE'])
  .nullish()
  .transform((value) => value ?? 'BODY')
  .optional()
  .default('BODY');
