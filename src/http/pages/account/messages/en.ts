import type { AuditType } from '../../../../domain/audit/record.ts';
import type { ErrorCode } from '../../../../errors.ts';

export const en = {
  skip: 'Skip to content',
  languages: 'Language',
  problem: 'Problem',
  optional: '(optional)',
  /** Between the parts of a line, such as a device and its network. */
  comma: ', ',
  /** Between a label and what it names. */
  colon: ': ',
  back: 'Back',
  cancel: 'Cancel',
  save: 'Save',
  email: 'Email address',
  password: 'Password',
  name: 'Name',
  code: 'Code',
  passwordRule: (least: number): string =>
    `At least ${least} characters. A few unrelated words are easy to remember and hard to guess.`,
  retryIn: (minutes: number): string =>
    minutes === 1 ? 'Try again in a minute.' : `Try again in ${minutes} minutes.`,
  charactersMissing: 'More characters needed:',
  charactersEnough: 'Long enough.',
  /** While an answer is awaited. */
  moment: 'One moment…',
  pasteLink: 'Link or code from the email',
  pasteLinkHint:
    'Copy the whole link from the email and paste it here. Nothing happens until you press ' +
    'the button.',

  signIn: {
    title: 'Sign in',
    action: 'Sign in',
    forgot: 'Forgot your password?',
    byCode: 'Email me a code instead',
    noAccount: 'No account yet?',
    register: 'Create an account',
    done: {
      'signed-out': 'You are signed out.',
      'password-reset': 'Your new password is set. Sign in with it.',
      'change-undone':
        'Your former address is back, and every device was signed out. Choose a new ' +
        'password now: use “Forgot your password?”.',
      deleted: 'Your account was deleted.',
      expired: 'Your session has ended. Sign in again.',
    },
  },
  register: {
    title: 'Create an account',
    action: 'Create account',
    hasAccount: 'Do you have an account?',
    signIn: 'Sign in',
    closed: 'New accounts are made by invitation only. Ask whoever runs this service.',
  },
  codePage: {
    title: 'Enter the code',
    sent: (address: string): string => `We sent a six-digit code to ${address}.`,
    sentLink: 'The email also has a link, which you can open on this device instead.',
    app: 'Enter the six digits that your authenticator app shows now.',
    recovery: 'No app at hand? Type one of your recovery codes in the same field.',
    action: 'Continue',
    resend: 'Send another code',
    resent: 'Another code is on its way. Only the newest one works.',
    resendIn: (when: string): string => `You can ask for another ${when}.`,
    nothing: 'There is nothing to confirm in this browser, or it took too long. Begin again.',
    begin: 'Sign in',
  },
  forgot: {
    title: 'Forgot your password?',
    text: 'Tell us the address of your account. We will email you a link to choose a new password.',
    action: 'Email me a link',
    sent:
      'If there is an account with this address, an email is on its way. Its link is good for ' +
      'one hour.',
    signIn: 'Back to sign-in',
  },
  reset: {
    title: 'Choose a new password',
    newPassword: 'New password',
    action: 'Set password',
    text: 'Every device that is signed in will be signed out.',
    again: 'Ask for a new link',
  },
  verify: {
    title: 'Confirm your address',
    text: 'You opened a link from an email of ours. Press the button to go on.',
    action: 'Confirm and sign in',
    password: 'Password that you registered with',
    passwordHint:
      'Only if you registered on another device. Leave it empty when you asked for a sign-in link.',
    wrong:
      'This is not the password you registered with. You can ' +
      'leave it empty, and choose another afterwards.',
  },
  undo: {
    title: 'Undo the change of address',
    text:
      'The email address of your account was changed within the last seven days. If that was ' +
      'not you, take it back here.',
    effect:
      'Your former address comes back, every device is signed out, and the password stops ' +
      'working. You choose a new one afterwards.',
    action: 'Take the change back',
  },
  stepUp: {
    title: 'Confirm that it is you',
    text: 'This step needs a fresh proof. What you began goes on afterwards.',
    action: 'Continue',
    sendCode: 'Email me a code',
    noPassword: 'Your account has no password, so we email you a code.',
    proved: 'Confirmed. Now do it once more; passwords and codes have to be typed again.',
    wrong: 'That is not your password.',
  },
  signOut: {
    title: 'Sign out',
    action: 'Sign out',
    text: 'You will be signed out in this browser.',
  },
  onward: {
    title: 'You are signed in',
    action: (host: string): string => `Go on to ${host}`,
  },
  home: {
    title: 'Your account',
    noPassword: 'Your account has no password yet.',
    choosePassword: 'Choose a password',
    noFactor: 'An authenticator app protects your account even if your password gets known.',
    addFactor: 'Set up an authenticator app',
    signedInAs: 'Signed in as',
  },
  profile: {
    title: 'Profile',
    language: 'Language of emails and pages',
    browserLanguage: 'As the browser asks',
    saved: 'Saved.',
  },
  security: {
    title: 'Security',
    change: 'Change',
    none: 'None',
    onSince: 'On since',
    off: 'Off',
    codesLeft: (count: number): string => (count === 1 ? '1 code left' : `${count} codes left`),
    authenticator: 'Authenticator app',
    recoveryCodes: 'Recovery codes',
    setUp: 'Set up',
    manage: 'Manage',
    passwordSet: 'Set',
  },
  passwordPage: {
    title: 'Change password',
    first: 'Choose a password',
    current: 'Current password',
    action: 'Set password',
    text: 'Other devices will be signed out.',
    wrong: 'The current password is not right.',
    done: 'Your new password is set. Other devices were signed out.',
  },
  emailPage: {
    title: 'Change email address',
    now: 'Address now',
    newEmail: 'New email address',
    action: 'Send a code to the new address',
    text: 'The old address is told, and can take the change back for seven days.',
    confirm: 'Change address',
    done: 'Your address is changed. Other devices were signed out.',
    other: 'Use another address',
  },
  authenticatorPage: {
    title: 'Authenticator app',
    why:
      'An app on your phone shows a new code every 30 seconds. You will need one each time ' +
      'you sign in.',
    begin: 'Set up an app',
    replace: 'Set up another app',
    scan: 'Scan this picture with the app, or type the key into it.',
    picture: 'QR code for the authenticator app',
    key: 'Key',
    open: 'Open in an app on this device',
    confirm: 'Then enter the code that the app shows.',
    action: 'Turn on',
    startOver: 'Start over with another key',
    isOn: 'Sign-ins ask for a code of your app.',
    remove: 'Remove the app',
    removed: 'The authenticator app is removed. Other devices were signed out.',
    removeText: 'Signing in will take your password alone, and your recovery codes are deleted.',
  },
  codesPage: {
    title: 'Recovery codes',
    keep:
      'Keep these codes where you can reach them without your phone. Each signs you in once ' +
      'in place of the app. They are shown now and never again.',
    done: 'I have kept them',
    again: 'Make new codes',
    text:
      'New codes replace the old ones, which stop working at once. Other devices are signed ' +
      'out.',
    withoutApp: 'Recovery codes come with an authenticator app, and you have none yet.',
    enabled: 'The authenticator app is on.',
  },
  devices: {
    title: 'Devices',
    text: 'Where you are signed in.',
    current: 'This device',
    unknown: 'Unknown device',
    lastUsed: 'Last used',
    since: 'Signed in',
    signOut: 'Sign out',
    everywhere: 'Sign out everywhere',
    everywhereText: 'All devices, this one too.',
    done: 'That device is signed out.',
    more: 'More devices',
  },
  activity: {
    title: 'Activity',
    text: 'What happened to your account, the newest first.',
    none: 'Nothing yet.',
    more: 'Earlier',
    failed: 'Failed',
  },
  data: {
    title: 'Your data',
    export: 'Download your data',
    exportText: 'All that is stored about you, as a JSON file.',
    download: 'Download',
    delete: 'Delete your account',
    deleteText: 'There is no way back. Every device is signed out at once.',
    confirm: 'Type your email address to confirm',
    deleteAction: 'Delete account',
    lastAdmin: 'You are the last administrator. Give another account that role first.',
  },

  /** By the code of an answer. */
  refusals: {
    VALIDATION_FAILED: 'Some of what you entered is not right yet.',
    INVALID_CREDENTIALS: 'The email address or the password is not right.',
    INVALID_OR_EXPIRED_CODE: 'The code is not right, or is no longer valid.',
    INVALID_OR_EXPIRED_TOKEN: 'The link is not right, was used before, or is too old.',
    STEP_UP_REQUIRED: 'Confirm that it is you, then try again.',
    RATE_LIMITED: 'Too many attempts.',
    NOT_FOUND: 'That is not there any more.',
    UNKNOWN_PASSKEY: 'The server does not know this passkey: it was removed.',
    CONFLICT: 'That does not fit the present state of your account. Look again and try once more.',
    UNAUTHENTICATED: 'Your session has ended. Sign in again.',
    FORBIDDEN: 'This was not allowed.',
    BAD_USER_INPUT: 'What was sent could not be read.',
    OVERLOADED: 'The server is busy. Try again in a moment.',
    UNAVAILABLE: 'The service is not available just now. Try again in a moment.',
    INTERNAL_SERVER_ERROR: 'Something went wrong on our side. Try again in a moment.',
    FOREIGN_FORM:
      'This form came from somewhere else, or your browser hid where from. Open the page ' +
      'and try again.',
    PAGE_NOT_FOUND: 'There is no page at this address.',
  } satisfies Record<
    ErrorCode | 'INTERNAL_SERVER_ERROR' | 'FOREIGN_FORM' | 'PAGE_NOT_FOUND',
    string
  >,

  /** By the code of a field's rule. */
  problems: {
    INVALID: 'This is not right.',
    REQUIRED: 'Fill this in.',
    TOO_SHORT: 'This is too short.',
    TOO_LONG: 'This is too long.',
    INVALID_EMAIL: 'This is not an email address.',
    INVALID_CHARACTER: 'It has a character that cannot be used here.',
    MISMATCH: 'This does not match.',
    UNCHANGED: 'This is what it is already.',
    UNSUPPORTED: 'This is not supported.',
    UNSUPPORTED_LOCALE: 'This language is not supported.',
    PASSWORD_COMMON: 'Many people use this password, so it is guessed first. Choose another.',
    PASSWORD_CONTEXT: 'This is too close to your address or name. Choose another.',
    PASSWORD_WEAK: 'This is too easy to guess. Add a few unrelated words.',
    PASSWORD_BREACHED: 'This password is known from a data breach. Choose another.',
  },

  /** What happened, in the trail of an account. */
  events: {
    'account.registered': 'Account created',
    'account.register_repeated': 'Someone tried to register with your address',
    'email.verified': 'Address confirmed',
    'session.opened': 'Signed in',
    'session.closed': 'Signed out',
    'login.failed': 'Wrong password',
    'otp.sent': 'Code sent',
    'otp.failed': 'Wrong code',
    'refresh.reused': 'A copied session was used and ended',
    'signing_key.created': 'Signing key created',
    'signing_key.removed': 'Signing key removed',
    'session.stepped_up': 'Confirmed that it is you',
    'step_up.failed': 'Confirmation failed',
    'totp.enrollment_started': 'Setting up an authenticator app',
    'totp.enabled': 'Authenticator app turned on',
    'totp.disabled': 'Authenticator app removed',
    'recovery_code.used': 'Recovery code used',
    'recovery_codes.regenerated': 'New recovery codes made',
    'passkey.added': 'Passkey added',
    'passkey.removed': 'Passkey removed',
    'passkey.renamed': 'Passkey renamed',
    'passkey.backup_changed': 'Backup of a passkey changed',
    'passkey.failed': 'Passkey refused',
    'passkey.clone_suspected': 'A passkey may have been copied',
    'user.suspended': 'Account suspended by an administrator',
    'user.reinstated': 'Account opened again by an administrator',
    'user.roles_changed': 'Roles changed by an administrator',
    'user.sessions_revoked': 'Signed out everywhere by an administrator',
    'user.factors_reset': 'Second factors removed by an administrator',
    'user.password_reset': 'Password reset by an administrator',
    'user.created': 'Account created by an administrator',
    'users.imported': 'Account imported',
    'password.reset_requested': 'Link to a new password requested',
    'password.reset': 'Password reset by a mailed link',
    'password.reset_failed': 'Link to a new password refused',
    'password.changed': 'Password changed',
    'password.change_failed': 'Password change refused',
    'password.breached': 'Password known from a data breach',
    'profile.updated': 'Profile changed',
    'email.change_requested': 'Change of address begun',
    'email.changed': 'Address changed',
    'email.change_undone': 'Change of address taken back',
    'account.exported': 'Data downloaded',
    'account.deleted': 'Account deleted',
    'device.new': 'Signed in on a new device',
  } satisfies Record<AuditType, string>,
};

/** All that pages say; English is the measure, and a text that a language lacks is a type error. */
export type Messages = typeof en;
