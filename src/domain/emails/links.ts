import type { Config } from '../../config/read-config.ts';

type Links = Pick<Config, 'appUrl'>;

/**
 * Opens the page that fills in the code. SECURITY: what a server must not log stands behind the
 * `#`, and no GET spends it (EM-7).
 */
export function verifyLink(
  { appUrl }: Links,
  input: { challengeId: string; code: string },
): string {
  return `${appUrl}/verify?challenge=${encodeURIComponent(input.challengeId)}#code=${encodeURIComponent(input.code)}`;
}

export function signInLink({ appUrl }: Links): string {
  return `${appUrl}/sign-in`;
}

/** Where one asks for a reset; holds no token. */
export function forgotPasswordLink({ appUrl }: Links): string {
  return `${appUrl}/forgot-password`;
}

/**
 * Opens the page that asks for a new password. The token stands behind the `#` and is spent by
 * `resetPassword` alone (RC-4).
 */
export function resetPasswordLink({ appUrl }: Links, input: { token: string }): string {
  return `${appUrl}/reset-password#token=${encodeURIComponent(input.token)}`;
}

/** Opens the page that takes a change of address back; spent by `undoEmailChange` alone. */
export function undoEmailChangeLink({ appUrl }: Links, input: { token: string }): string {
  return `${appUrl}/undo-email-change#token=${encodeURIComponent(input.token)}`;
}

/**
 * SECURITY: links in mail lead to the configured APP_URL and nowhere else (EM-1, ADV-1). Throws at
 * any other.
 */
export function assertOurLink({ appUrl }: Links, link: string): void {
  const same = URL.canParse(link) && new URL(link).origin === new URL(appUrl).origin;
  if (!same || !link.startsWith(`${appUrl}/`) || /[\s\p{C}]/u.test(link))
    throw new Error('A link in a mail does not lead to APP_URL.');
}
