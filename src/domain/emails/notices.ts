import type { EmailTemplate } from './email-content.ts';

/**
 * Which mails are notices of what happened to an account. Only a caller with access to the account
 * can trigger one, and none is dropped because of the mails that anyone can trigger: a flood of
 * codes must not hide the notice of a change (RL-9).
 */
const notices: Readonly<Record<EmailTemplate, boolean>> = {
  'verify-email': false,
  'already-registered': false,
  'login-code': false,
  'finish-registration': false,
  'step-up-code': false,
  'change-email-code': false,
  'address-in-use': false,
  'password-reset': false,
  'session-evicted': true,
  'totp-enabled': true,
  'totp-disabled': true,
  'recovery-code-used': true,
  'recovery-codes-regenerated': true,
  'factors-reset': true,
  'refresh-reused': true,
  'password-reset-done': true,
  'password-changed': true,
  'email-changed': true,
  'email-change-undone': true,
  'new-device': true,
  'account-deleted': true,
  invitation: true,
};

export function isNotice(template: EmailTemplate): boolean {
  return notices[template];
}
