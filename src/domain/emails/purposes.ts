import type { EmailTemplate } from './email-content.ts';

/** Mails of each purpose have budgets of their own: a flood of one leaves the others alone. */
export type MailPurpose = 'registration' | 'sign-in' | 'reset' | 'change' | 'notice';

/**
 * What each mail is for. A notice says what happened to an account: only a caller with access to it
 * can trigger one, or the use-up of a limit once a day, and none is dropped because of the mails
 * that anyone can trigger: a flood of codes must not hide the notice of a change (RL-9).
 */
const purposes: Readonly<Record<EmailTemplate, MailPurpose>> = {
  'verify-email': 'registration',
  'already-registered': 'registration',
  'finish-registration': 'registration',
  'login-code': 'sign-in',
  'step-up-code': 'change',
  'change-email-code': 'change',
  'address-in-use': 'change',
  'link-identity-code': 'sign-in',
  'password-reset': 'reset',
  'session-evicted': 'notice',
  'totp-enabled': 'notice',
  'totp-disabled': 'notice',
  'recovery-code-used': 'notice',
  'recovery-codes-regenerated': 'notice',
  'passkey-added': 'notice',
  'passkey-removed': 'notice',
  'passkey-suspect': 'notice',
  'identity-linked': 'notice',
  'identity-unlinked': 'notice',
  'factors-reset': 'notice',
  'refresh-reused': 'notice',
  'password-reset-done': 'notice',
  'password-changed': 'notice',
  'email-changed': 'notice',
  'email-change-undone': 'notice',
  'new-device': 'notice',
  'account-deleted': 'notice',
  invitation: 'notice',
  'sign-in-shut': 'notice',
  'password-guesses': 'notice',
  'password-locked': 'notice',
  'code-guesses': 'notice',
  'codes-locked': 'notice',
};

/** To addresses that have proved nothing: anyone can have them mailed, made up or not. */
const unproven: readonly EmailTemplate[] = [
  'verify-email',
  'finish-registration',
  'change-email-code',
  'link-identity-code',
];

/** The templates of mails to addresses that have proved nothing. */
export const unprovenTemplates: ReadonlySet<string> = new Set(unproven);

export function purposeOfMail(template: EmailTemplate): MailPurpose {
  return purposes[template];
}
