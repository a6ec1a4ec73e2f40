/** The number of operations of a kind allowed in a fixed window. `window` in seconds. */
export type Budget = {
  readonly limit: number;
  readonly window: number;
  /**
   * After the `after`th operation of a window each further one has to wait: `firstSeconds`, then
   * twice as long each time.
   */
  readonly delay?: { readonly after: number; readonly firstSeconds: number };
};

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

/** Wrong passwords are slowed down before they are refused until the window ends (RL-1). */
const slowing = { after: 5, firstSeconds: 10 };

/**
 * How many times the budget of one network an account has for all networks together, where a claim
 * names the network that asks: no network can use up an account's budget by itself (RL-3).
 */
export const originTimes = 3;

/**
 * All budgets (RL-8). Each is counted by account identifier (canonical and hashed, whether or not
 * an account exists) or by client address (and by its wider networks, with larger limits), as its
 * name says. docs/security.md explains them, and says of each what strangers can shut with it; a
 * test keeps the two in step. RATE_LIMITS changes single budgets, RATE_LIMIT_MULTIPLIER all of
 * them.
 */
export const budgets = {
  /**
   * Sign-ins with a password, from devices that the account does not know: locks only the password
   * step, and never for long.
   */
  'login:account': { limit: 10, window: 15 * minute, delay: slowing },
  'login:address': { limit: 100, window: 15 * minute },
  /**
   * By session: a device that has signed in to the account before has a budget of its own (RL-3).
   */
  'login:device': { limit: 10, window: 15 * minute, delay: slowing },
  /**
   * Consecutive wrong passwords, ever, by account or known device (NIST 3.2.2): past it the
   * password alone signs no one in, and the mailbox is asked for beside it. Not disclosed to
   * callers who do not know the password.
   */
  'login:consecutive': { limit: 100, window: 3650 * day },
  /** By user id: codes mailed beside a right password, past `login:consecutive`. */
  'password-code:account': { limit: 5, window: hour },
  /** Notices that a door was shut, to one account. */
  'shut-notice:account': { limit: 1, window: day },
  /**
   * Wrong passwords on the whole server: nothing is refused for it, but the operator is alerted
   * (RL-2).
   */
  'login:failures': { limit: 2000, window: 15 * minute },
  /**
   * Accounts at which unknown devices of one network typed a wrong password: as `login:failures`
   * (RL-2).
   */
  'login:accounts': { limit: 30, window: hour },
  'register:account': { limit: 5, window: hour },
  'register:address': { limit: 30, window: hour },
  'login-code:account': { limit: 5, window: hour },
  /** By session, as `login:device`. */
  'login-code:device': { limit: 5, window: hour },
  'login-code:address': { limit: 30, window: hour },
  'resend:account': { limit: 10, window: hour },
  'resend:device': { limit: 10, window: hour },
  'resend:address': { limit: 60, window: hour },
  /**
   * Wrong codes over all challenges of an account; neither a resend nor a new sign-in restores any
   * (OT-4).
   */
  'otp:account': { limit: 20, window: hour },
  /** By session: codes of challenges that a known device began (RL-3). */
  'otp:device': { limit: 20, window: hour },
  /**
   * Consecutive wrong codes, ever, by account and network or by known device: a hard lock of
   * e-mailed codes until the mailbox is proved by a link (NIST 3.2.2: 100 in all). Not disclosed to
   * callers.
   */
  'otp:consecutive': { limit: 33, window: 365 * day },
  /** Wrong codes of any kind on the whole server: as `login:failures` for passwords (RL-2). */
  'otp:failures': { limit: 1000, window: 15 * minute },
  'otp:address': { limit: 120, window: 15 * minute },
  /**
   * Wrong codes in any second-factor operation, by user id: apps, recovery codes, passkeys and the
   * codes of a step-up share it (OT-17). Only time restores it; the password step is counted
   * separately and still works while this budget is used up.
   */
  'second-factor:account': { limit: 10, window: 30 * minute },
  /**
   * Consecutive wrong codes of an app, ever: a hard lock of the app until another is enrolled
   * (OT-4). Recovery codes still work (RL-1).
   */
  'second-factor:consecutive': { limit: 100, window: 3650 * 24 * hour },
  'step-up:account': { limit: 10, window: hour },
  'totp-enrollment:account': { limit: 20, window: hour },
  /** Ceremonies of a sign-in that begins with the passkey. */
  'passkey-login:address': { limit: 120, window: 15 * minute },
  /**
   * By user id: refused answers in sign-ins that begin with a passkey. No one guesses a signature,
   * so that a right answer passes whatever others have used up (RL-3).
   */
  'passkey:account': { limit: 20, window: hour },
  'passkey-registration:user': { limit: 20, window: hour },
  /** Sign-ins by other providers that begin, and nonces for their ID tokens. */
  'identity-start:address': { limit: 60, window: 15 * minute },
  /** Tickets and nonces that come back; a live one passes where its address has no room. */
  'identity-ticket:address': { limit: 60, window: 15 * minute },
  /** By user id: accounts at other providers that a session begins to link. */
  'identity-link:user': { limit: 20, window: hour },
  /**
   * Only refused refresh tokens: valid ones are not refused for what other clients at the address
   * do.
   */
  'refresh:address': { limit: 1200, window: 15 * minute },
  /** Rotations of one session, counted in its row. A client needs one for each access token. */
  'refresh:session': { limit: 300, window: 15 * minute },
  'reset:address': { limit: 60, window: hour },
  /** By session, as `login:device`. */
  'reset:device': { limit: 10, window: hour },
  /**
   * Mails with a reset link to one account; beyond it the answer stays the same and no mail is sent
   * (RL-9).
   */
  'reset-mail:account': { limit: 3, window: hour },
  /** Attempts with tokens of mailed links (RC-4). */
  'account-token:address': { limit: 60, window: 15 * minute },
  /**
   * By the link, while it is valid: a valid one passes where its address has no room, so that it
   * has a budget of its own.
   */
  'account-token:link': { limit: 10, window: hour },
  /** By user id: attempts at the current password from within a session. */
  'change-password:user': { limit: 10, window: 15 * minute },
  'email-change:user': { limit: 5, window: hour },
  /** Mails about a change of address to one mailbox; as with reset-mail. */
  'email-change-mail:account': { limit: 3, window: hour },
  'update-profile:user': { limit: 60, window: hour },
  'export:user': { limit: 5, window: 24 * hour },
  'delete:user': { limit: 10, window: hour },
  /** By user id of the administrator. */
  'create-user:admin': { limit: 1000, window: hour },
  /** Searches over all accounts, the most expensive of all reads. */
  'user-search:admin': { limit: 1200, window: 15 * minute },
  /** Mails about an unfinished registration, which a sign-in asked for; as with reset-mail. */
  'registration-mail:account': { limit: 3, window: hour },
  'invitation-mail:account': { limit: 5, window: hour },
  /**
   * Mails that anyone can trigger, to one mailbox and of one purpose (emails/purposes). Beyond it
   * they are dropped, which no answer shows (RL-9).
   */
  'mail:recipient': { limit: 30, window: hour },
  /**
   * The same, to all mailboxes in total. None by default: strangers could use it up (AV-7). Where
   * RATE_LIMITS sets one, what is over is refused or waits.
   */
  'mail:day': { limit: Number.POSITIVE_INFINITY, window: day },
} as const satisfies Record<string, Budget>;

export type BudgetName = keyof typeof budgets;
/** Counted by all networks of the caller's address at once. */
export type AddressBudgetName = Extract<BudgetName, `${string}:address`>;

/** The budgets that RATE_LIMITS sets: each replaces the whole budget. */
export type BudgetOverrides = Readonly<Partial<Record<BudgetName, Budget>>>;

export function isBudgetName(name: string): name is BudgetName {
  return Object.hasOwn(budgets, name);
}
