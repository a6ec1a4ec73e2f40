import type { EmailContent, EmailTemplate } from './email-content.ts';
import {
  forgotPasswordLink,
  resetPasswordLink,
  signInLink,
  undoEmailChangeLink,
  verifyLink,
} from './links.ts';

type Samples = {
  readonly [Template in EmailTemplate]: Extract<EmailContent, { template: Template }>;
};

/** One of every mail with all its variables, for checking and previewing templates. */
export function sampleContents(appUrl: string): Samples {
  const code = '042719';
  const token = 'c2FtcGxlIG9mIGEgdG9rZW4sIG9mIG5vIHVzZSBhdCBhbGw';
  const link = verifyLink({ appUrl }, { token });
  const resetLink = forgotPasswordLink({ appUrl });
  const origin = {
    at: '2026-11-23T08:41:00.000Z',
    device: 'Firefox on Linux',
    ipAddress: '203.0.113.7',
  };
  return {
    'verify-email': { template: 'verify-email', code, link, name: 'Ada' },
    'already-registered': {
      template: 'already-registered',
      name: 'Ada',
      signInLink: signInLink({ appUrl }),
      resetLink,
    },
    'login-code': { template: 'login-code', code, link },
    'finish-registration': { template: 'finish-registration', code, link },
    'step-up-code': { template: 'step-up-code', code },
    'change-email-code': { template: 'change-email-code', code },
    'refresh-reused': { template: 'refresh-reused', ...origin },
    'session-evicted': { template: 'session-evicted', at: origin.at, device: origin.device },
    ...factorNotices(origin),
    'link-identity-code': { template: 'link-identity-code', code, provider: 'Example' },
    'factors-reset': { template: 'factors-reset', at: origin.at },
    invitation: {
      template: 'invitation',
      name: 'Ada',
      link: resetPasswordLink({ appUrl }, { token }),
    },
    'password-reset': {
      template: 'password-reset',
      link: resetPasswordLink({ appUrl }, { token }),
    },
    'password-reset-done': {
      template: 'password-reset-done',
      passkeys: '2',
      identities: '3',
      ...origin,
      resetLink,
    },
    'password-changed': {
      template: 'password-changed',
      passkeys: '2',
      identities: '3',
      ...origin,
      resetLink,
    },
    'email-changed': {
      template: 'email-changed',
      ...origin,
      undoLink: undoEmailChangeLink({ appUrl }, { token }),
    },
    'email-change-undone': { template: 'email-change-undone', ...origin, resetLink },
    'address-in-use': { template: 'address-in-use' },
    'new-device': { template: 'new-device', ...origin, resetLink },
    'account-deleted': { template: 'account-deleted', ...origin },
    'sign-in-shut': { template: 'sign-in-shut', ...origin, resetLink },
    'password-guesses': { template: 'password-guesses', ...origin, resetLink },
    'password-locked': { template: 'password-locked', ...origin, resetLink },
    'code-guesses': { template: 'code-guesses', ...origin, resetLink },
    'codes-locked': { template: 'codes-locked', ...origin, resetLink },
  };
}

type Origin = { readonly at: string; readonly device: string; readonly ipAddress: string };

/** What owners are told of changes of their factors and linked accounts. */
function factorNotices(origin: Origin) {
  const identity = { provider: 'Example', label: 'ada@example.com' };
  return {
    'totp-enabled': { template: 'totp-enabled', ...origin },
    'totp-disabled': { template: 'totp-disabled', ...origin },
    'recovery-code-used': { template: 'recovery-code-used', codesLeft: '9', ...origin },
    'recovery-codes-regenerated': { template: 'recovery-codes-regenerated', ...origin },
    'passkey-added': { template: 'passkey-added', passkey: 'Blue key', ...origin },
    'passkey-removed': { template: 'passkey-removed', passkey: 'Blue key', ...origin },
    'passkey-suspect': { template: 'passkey-suspect', passkey: 'Blue key', ...origin },
    'identity-linked': { template: 'identity-linked', ...identity, ...origin },
    'identity-unlinked': { template: 'identity-unlinked', ...identity, ...origin },
  } satisfies Partial<Samples>;
}
