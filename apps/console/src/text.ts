/** Everything that people read, in one record, so that other languages can follow. */
export const text = {
  console: 'Console',
  skip: 'Skip to content',
  places: 'Console',
  crumbs: 'Where you are',
  signOut: 'Sign out',
  tryAgain: 'Try again',
  more: 'Show more',
  loading: 'Loading …',
  cancel: 'Cancel',
  reload: 'Reload',
  brokenScreen:
    'This screen could not be shown. The server may have been updated meanwhile: reload, and you ' +
    'are where you were.',
  copy: { action: 'Copy', copied: 'Copied', failed: 'Could not copy' },
  nobody: '–',
  deletedUser: 'Deleted user',
  rateLimited: (seconds: number) => `Too many tries. Try again in ${inWords(seconds)}.`,

  session: {
    loading: 'Opening the console …',
    unreachable: 'The server does not answer',
    unreachableText:
      'It is asked again by itself until it answers. Nothing you have done is lost, and the ' +
      'address in your browser stays as it is.',
  },

  signIn: {
    title: 'Sign in',
    email: 'Email address',
    password: 'Password',
    action: 'Sign in',
    busy: 'Signing in …',
    passkey: 'Use a passkey',
    forgot: 'Forgot your password?',
    reasons: {
      LOGGED_OUT: 'You are signed out.',
      ELSEWHERE: 'You signed out in another tab. Sign in to go on where you were.',
      ENDED: 'Your session has ended. Sign in to go on where you were.',
    },
  },

  secondStep: {
    title: 'Confirm it is you',
    sentTo: 'A code was sent to',
    app: 'Type the code that your authenticator app shows.',
    code: 'Code',
    recovery: 'One of your recovery codes will do, too.',
    action: 'Continue',
    busy: 'Checking …',
    passkey: 'Use a passkey',
    back: 'Start again',
    resend: 'Send another code',
    resendBusy: 'Sending …',
    resendIn: (seconds: number) => `Another code can be sent in ${inWords(seconds)}.`,
  },

  noAccess: {
    signedInAs: 'You are signed in as',
    setUp: 'Set up an authenticator app',
    signOut: 'Sign out',
    signInAgain: 'Sign out and in again',
    role: {
      title: 'This account does not administer',
      text:
        'The console is for accounts with the role admin. Another administrator can give it to ' +
        'you, or whoever runs the server by “latchkey create-admin”.',
    },
    factor: {
      title: 'A second factor is needed',
      text:
        'You signed in with one factor. Set up an authenticator app and sign in with the ' +
        'password and a code, or sign in with a passkey.',
    },
  },

  notFound: { title: 'No such page', text: 'There is nothing at this address.' },

  status: { ACTIVE: 'Active', UNVERIFIED: 'Unverified', SUSPENDED: 'Suspended' },

  users: {
    title: 'Users',
    search: 'Find by address or name',
    state: 'State',
    anyState: 'Any state',
    who: 'User',
    roles: 'Roles',
    lastSignIn: 'Last sign-in',
    created: 'Created',
    never: 'Never',
    loading: 'Loading users …',
    none: 'There are no users yet.',
    noMatch: 'No address or name begins with that, in this state.',
    create: 'Create user',
  },

  overview: {
    title: 'Overview',
    loading: 'Asking the server how it is …',
    signIns: 'Sign-ins',
    failedSignIns: 'Failed sign-ins',
    lastDay: 'In the last 24 hours.',
    show: 'Show them',
    orMore: (count: string) => `${count} or more`,
    findings: 'How the server is',
    status: { OK: 'OK', WARNING: 'Warning', FAILURE: 'Failure' },
    checks: {
      configuration: 'Configuration',
      database: 'Database',
      migrations: 'Migrations',
      keys: 'Signing keys',
      mail: 'Mail',
      clock: 'Clock',
      passkeys: 'Passkeys',
      passwords: 'Breached passwords',
      administrators: 'Administrators',
      identity: 'Other providers',
    } as Readonly<Record<string, string>>,
  },

  administrators: {
    title: 'Administrators',
    text: 'Everyone with the role admin. It opens nothing without a second factor.',
    loading: 'Loading administrators …',
    who: 'Administrator',
    factor: 'Second factor',
    app: 'Authenticator app',
    passkeys: (count: number) => (count === 1 ? '1 passkey' : `${count} passkeys`),
    none: 'None',
    trail: 'Trail',
    whatTheyDid: 'What they did',
  },

  keys: {
    title: 'Signing keys',
    text:
      'They sign access tokens, and are replaced by themselves. Whoever runs the server changes ' +
      'them by “latchkey keys”.',
    loading: 'Loading keys …',
    id: 'Key',
    use: 'Use',
    algorithm: 'Algorithm',
    signs: 'Signs now',
    standby: 'Standby',
    signsFrom: 'Signs from',
    verifiesUntil: 'Verifies until',
  },

  user: {
    title: 'User',
    loading: 'Loading the user …',
    gone: 'No such user',
    goneText: 'There is no account with this id, or not any more. What happened to it stays below.',
    id: 'id',
    identity: 'Identity',
    name: 'Name',
    email: 'Address',
    verified: 'verified',
    unverified: 'not verified',
    security: 'Security',
    password: 'Password',
    isSet: 'Set',
    isNotSet: 'None',
    app: 'Authenticator app',
    isSetUp: 'Set up',
    isNotSetUp: 'None',
    recoveryCodes: 'Recovery codes',
    left: (count: number) => `${count} left`,
    passkeys: 'Passkeys',
    linked: 'Linked',
    noRoles: 'None.',
    sessions: 'Signed-in devices',
    noSessions: 'Not signed in anywhere.',
    thisDevice: 'This device',
    unknownDevice: 'Unknown device',
    lastUsed: 'last used',
    since: 'since',
    trail: 'What happened',
    suspend: 'Suspend …',
    reinstate: 'Reinstate …',
    delete: 'Delete …',
    resetPassword: 'Reset password …',
    resetFactors: 'Reset factors …',
    changeRoles: 'Change roles …',
    signOutEverywhere: 'Sign out everywhere …',
    signOutDevice: 'Sign out …',
  },

  trail: {
    title: 'Trail',
    loading: 'Loading the trail …',
    none: 'Nothing has happened that matches.',
    by: 'by',
    byServer: 'the server',
    byNobody: 'by someone unknown',
    failed: 'Failed',
    what: 'What',
    anything: 'Anything',
    doneBy: 'Done by administrator',
    anyone: 'Anyone',
    user: 'By or about user',
    userHint: 'Address, name or id',
    nobodyFound: 'No address or name begins with that.',
    whichOne: 'Which one?',
    remove: 'Remove',
    since: 'From',
    until: 'Before',
    filter: 'Filter',
    clear: 'Clear all',
    type: 'Type',
    actor: 'Done by',
    subject: 'Done to',
    device: 'Device',
    network: 'Network',
    requestId: 'Request',
    id: 'Event',
    event: 'event',
    copyLink: 'Copy as link',
    copyRequest: 'Copy request id',
    events: {
      'account.registered': 'Registered',
      'account.register_repeated': 'Registered a taken address',
      'account.exported': 'Downloaded their data',
      'account.deleted': 'Account deleted',
      'email.verified': 'Address verified',
      'email.change_requested': 'Asked for another address',
      'email.changed': 'Address changed',
      'email.change_undone': 'Change of address undone',
      'session.opened': 'Signed in',
      'session.closed': 'Session ended',
      'session.stepped_up': 'Confirmed who they are',
      'step_up.failed': 'Failed to confirm who they are',
      'login.failed': 'Sign-in with a wrong password',
      'otp.sent': 'Code sent',
      'otp.failed': 'Wrong code',
      'refresh.reused': 'Old refresh token used',
      'device.new': 'New device',
      'signing_key.created': 'Signing key made',
      'signing_key.removed': 'Signing key removed',
      'totp.enrollment_started': 'Began to set up an app',
      'totp.enabled': 'App set up',
      'totp.disabled': 'App removed',
      'recovery_code.used': 'Recovery code used',
      'recovery_codes.regenerated': 'New recovery codes',
      'passkey.added': 'Passkey added',
      'passkey.removed': 'Passkey removed',
      'passkey.renamed': 'Passkey renamed',
      'passkey.backup_changed': 'Passkey’s backup changed',
      'passkey.failed': 'Passkey refused',
      'passkey.clone_suspected': 'Passkey may be copied',
      'identity.linked': 'Account at a provider linked',
      'identity.unlinked': 'Account at a provider unlinked',
      'identity.login_failed': 'Sign-in by a provider refused',
      'profile.updated': 'Profile changed',
      'password.reset_requested': 'Asked for a new password',
      'password.reset': 'Chose a new password',
      'password.reset_failed': 'Link for a new password refused',
      'password.changed': 'Password changed',
      'password.change_failed': 'Change of password refused',
      'password.breached': 'Password is on a list of breached ones',
      'user.created': 'Account made',
      'user.suspended': 'Suspended',
      'user.reinstated': 'Reinstated',
      'user.roles_changed': 'Roles changed',
      'user.session_revoked': 'Signed out on one device',
      'user.sessions_revoked': 'Signed out everywhere',
      'user.factors_reset': 'Factors reset',
      'user.password_reset': 'Password reset',
      'user.metadata_changed': 'Metadata changed',
      'users.imported': 'Users imported',
    } as Readonly<Record<string, string>>,
  },

  proof: {
    title: 'Confirm it is you first',
    text: 'Your last proof is more than ten minutes old. What you typed is kept.',
    back: 'Back',
  },

  change: {
    reason: 'Reason',
    optionalReason: 'Reason (optional)',
    hint: 'For the audit trail, which outlives the account: name no person in it.',
    requiredHint:
      'For the audit trail: say how they proved who they are. Name no person in it, since it ' +
      'outlives the account.',
    reasonRequired: 'A reason is needed here.',
  },

  changes: {
    suspend: {
      title: 'Suspend this account',
      consequence:
        'They are signed out everywhere at once and cannot sign in while it lasts. Links and ' +
        'codes that they were mailed stop working. Nothing is deleted.',
      action: 'Suspend',
      busy: 'Suspending …',
      done: 'The account is suspended.',
    },
    reinstate: {
      title: 'Reinstate this account',
      consequence: 'They can sign in again. Sessions that have ended stay ended.',
      action: 'Reinstate',
      busy: 'Reinstating …',
      done: 'The account is open again.',
    },
    signOut: {
      title: 'Sign out everywhere',
      consequence: 'They are signed out on every device at once, and sign in again as usual.',
      action: 'Sign out everywhere',
      busy: 'Signing out …',
      done: 'They are signed out everywhere.',
    },
    signOutDevice: {
      title: 'Sign out one device',
      consequence: 'This device is signed out at once. Their other devices stay signed in.',
      action: 'Sign out',
      busy: 'Signing out …',
      done: 'The device is signed out.',
    },
    resetPassword: {
      title: 'Reset the password',
      consequence:
        'Their password stops working, every session ends, and a link to choose another goes to ' +
        'their address. Nobody else gets the link.',
      action: 'Reset password',
      busy: 'Resetting …',
      done: 'The password is reset, and a link is on its way to them.',
    },
    resetFactors: {
      title: 'Reset the second factors',
      consequence:
        'Their authenticator app, recovery codes and passkeys are removed, and every session ' +
        'ends. Until they set up another, the password alone signs them in. They are told by mail.',
      action: 'Reset factors',
      busy: 'Resetting …',
      done: 'The second factors are removed.',
    },
    roles: {
      title: 'Change roles',
      consequence: 'They have these roles and no others, from the next request on.',
      action: 'Change roles',
      busy: 'Changing …',
      done: 'The roles are changed.',
      field: 'Roles',
      hint: 'Separated by commas. None: leave it empty.',
      becomesAdmin:
        'With admin they become an administrator: they can do all that you can do here.',
      leavesAdmin: 'Without admin they administer no more.',
    },
    delete: {
      title: 'Delete this account',
      consequence:
        'All that is personal is erased, for good. The audit trail keeps what happened under a ' +
        'random id. There is no way back.',
      action: 'Delete for good',
      busy: 'Deleting …',
      done: 'The account is deleted.',
      field: 'Type their address to confirm',
      mismatch: 'This is not their address.',
    },
    create: {
      title: 'Create a user',
      consequence:
        'Nobody can sign in before the mailbox is proved, and no one but its owner chooses the ' +
        'password.',
      action: 'Create',
      busy: 'Creating …',
      done: 'The account is made.',
      emailRequired: 'An email address is needed.',
      name: 'Name (optional)',
      invites: 'Mail a link to choose a password, good for 24 hours',
    },
  },

  /** Top-level errors, by code. */
  failures: {
    UNREACHABLE: 'The server does not answer. Check your connection, then try again.',
    FORBIDDEN: 'You may not do this any more. Your role or your session may have changed.',
    RATE_LIMITED: 'Too many requests in a short time. Wait a minute, then try again.',
    OVERLOADED: 'The server has too much to do. Try again in a moment.',
    UNKNOWN: 'Something went wrong on the server. Try again.',
  } as Readonly<Record<string, string>>,

  /** Outcomes that are said otherwise here than by the server. */
  refusals: {
    INVALID_OR_EXPIRED_CODE: 'The code is wrong or too old. Type the one that is shown now.',
    INVALID_CREDENTIALS: 'That did not match. Check the address and the password.',
    CANCELLED: 'No passkey was chosen.',
  } as Readonly<Record<string, string>>,
};

function inWords(seconds: number): string {
  const minutes = Math.ceil(seconds / 60);
  if (seconds < 60) return seconds === 1 ? 'a second' : `${seconds} seconds`;
  return minutes === 1 ? 'a minute' : `${minutes} minutes`;
}
