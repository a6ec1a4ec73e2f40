import type { Config } from '../../config/read-config.ts';

type Links = Pick<Config, 'appUrl'>;

/**
 * Opens the page that completes a registration or a sign-in; only `verifyLink` spends its token.
 * SECURITY: secrets stand after the `#`, which no server logs, and no GET spends them (EM-7).
 */
export function verifyLink({ appUrl }: Links, input: { token: string }): string {
  return `${appUrl}/verify#token=${encodeURIComponent(input.token)}`;
}

export function signInLink({ appUrl }: Links): string {
  return `${appUrl}/sign-in`;
}

/** The page where a user requests a password reset; contains no token. */
export function forgotPasswordLink({ appUrl }: Links): string {
  return `${appUrl}/forgot-password`;
}

/**
 * Opens the page that asks for a new password. The token stands after the `#` and only
 * `resetPassword` spends it (RC-4).
 */
export function resetPasswordLink({ appUrl }: Links, input: { token: string }): string {
  return `${appUrl}/reset-password#token=${encodeURIComponent(input.token)}`;
}

/** Opens the page that undoes a change of address; only `undoEmailChange` spends its token. */
export function undoEmailChangeLink({ appUrl }: Links, input: { token: string }): string {
  return `${appUrl}/undo-email-change#token=${encodeURIComponent(input.token)}`;
}

/**
 * SECURITY: links in mails lead to the configured APP_URL only (EM-1, ADV-1). Throws for any other
 * link.
 */
export function assertOurLink({ appUrl }: Links, link: string): void {
  const same = URL.canParse(link) && new URL(link).origin === new URL(appUrl).origin;
  if (!same || !link.startsWith(`${appUrl}/`) || /[\s\p{C}]/u.test(link))
    throw new Error('A link in a mail does not lead to APP_URL.');
}
