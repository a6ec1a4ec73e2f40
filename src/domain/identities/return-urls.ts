import { z } from 'zod';
import type { App } from '../../app.ts';
import type { Config } from '../../config/read-config.ts';
import { AuthError } from '../../errors.ts';
import { text } from '../input.ts';

/** Where the account pages take a ticket, where there are account pages. */
export function pagesReturnUrl({ publicUrl }: Pick<Config, 'publicUrl'>): string {
  return `${publicUrl}/account/signed-in`;
}

/** Where a provider sends the browser back to: a path of its own for each (ID-2). */
export function callbackUrl(
  { config }: Pick<App, 'config'>,
  { id }: { readonly id: string },
): string {
  return `${config.publicUrl}/identity/callback/${id}`;
}

export const returnUrl = text({ max: 2000 });

/**
 * SECURITY: exactly one of the operator's addresses, compared as text: nothing of a request goes
 * into where a ticket is sent (ID-11). Throws VALIDATION_FAILED.
 */
export function assertReturnUrl({ config }: Pick<App, 'config'>, returnTo: string): void {
  const own = config.pages ? [pagesReturnUrl(config)] : [];
  if ([...config.identityReturnUrls, ...own].includes(returnTo)) return;
  const message = 'This is none of the addresses in IDENTITY_RETURN_URLS.';
  throw new AuthError('VALIDATION_FAILED', {
    fields: [{ path: 'returnTo', code: 'NOT_ALLOWED', message }],
  });
}

/** S256 of a verifier (RFC 7636 4.2): 256 bits in base64url. */
export const codeChallenge: z.ZodType<string, string> = z
  .string({ error: 'A code challenge is required.' })
  .regex(/^[A-Za-z0-9_-]{43}$/, 'A code challenge is S256 of a verifier, in base64url.');

/** RFC 7636 4.1. */
export const codeVerifier: z.ZodType<string, string> = z
  .string({ error: 'A verifier is required.' })
  .regex(/^[A-Za-z0-9._~-]{43,128}$/, 'A verifier has 43 to 128 characters of RFC 7636.');
