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
  },

  /** Top-level errors, by code. */
  failures: {
    UNREACHABLE: 'The server does not answer. Check your connection, then try again.',
    FORBIDDEN: 'You may not see this. Your role or your session may have changed.',
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
