/** Operations of a kind within a window that does not slide. `window` in seconds. */
export type Budget = {
  readonly limit: number;
  readonly window: number;
  /**
   * From the `after`th operation of a window on the next has to wait: `firstSeconds`, then twice as
   * long each time.
   */
  readonly delay?: { readonly after: number; readonly firstSeconds: number };
};

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

/** Wrong passwords slow down before they are refused until the window ends (RL-1). */
const slowing = { after: 5, firstSeconds: 10 };

/**
 * Every budget there is (RL-8). Each is counted by account identifier (canonical and hashed,
 * whether or not an account exists) or by client address (IPv6 by /64), as its name says.
 * docs/security.md explains them; a test holds the two together. RATE_LIMITS changes them one by
 * one, RATE_LIMIT_MULTIPLIER all at once.
 */
export const budgets = {
  /**
   * Sign-ins with a password, from devices that the account does not know: a lock of the password
   * step alone, and never a long one.
   */
  'login:account': { limit: 10, window: 15 * minute, delay: slowing },
  'login:address': { limit: 100, window: 15 * minute },
  /**
   * By session: a device that has signed in to the account before keeps a budget of its own (RL-3).
   */
  'login:device': { limit: 10, window: 15 * minute, delay: slowing },
  /**
   * Wrong passwords in a row, ever, by account or known device: past it no password fits until
   * another is set (NIST 3.2.2). Nobody sees its end.
   */
  'login:consecutive': { limit: 100, window: 3650 * day },
  /** Wrong passwords on the whole server: nothing is refused for it, an operator is told (RL-2). */
  'login:failures': { limit: 2000, window: 15 * minute },
  'register:account': { limit: 5, window: hour },
  'register:address': { limit: 30, window: hour },
  'login-code:account': { limit: 5, window: hour },
  'login-code:address': { limit: 30, window: hour },
  'resend:account': { limit: 10, window: hour },
  'resend:address': { limit: 60, window: hour },
  /**
   * Wrong codes over all challenges of an account; neither a resend nor a new sign-in gives any
   * back (OT-4).
   */
  'otp:account': { limit: 20, window: hour },
  /**
   * Consecutive wrong codes, ever: past it no e-mailed code fits until the mailbox is proved by a
   * reset link (NIST 3.2.2). Nobody sees its end.
   */
  'otp:consecutive': { limit: 100, window: 365 * day },
  'otp:address': { limit: 120, window: 15 * minute },
  /**
   * Wrong codes at any second-factor door, by user id: apps, recovery codes and the codes of a
   * step-up share it (OT-17). Only time gives any back; the password step counts elsewhere, and
   * goes on working while this rests.
   */
  'second-factor:account': { limit: 10, window: 30 * minute },
  /**
   * Consecutive wrong codes of an app, ever: past it the app rests until another is enrolled
   * (OT-4). Recovery codes go on (RL-1).
   */
  'second-factor:consecutive': { limit: 100, window: 3650 * 24 * hour },
  'step-up:account': { limit: 10, window: hour },
  'totp-enrollment:account': { limit: 20, window: hour },
  /**
   * Refused refresh tokens alone: good ones are not refused for what others at the same address do.
   */
  'refresh:address': { limit: 1200, window: 15 * minute },
  /** Rotations of one session, counted in its row. A client needs one for each access token. */
  'refresh:session': { limit: 300, window: 15 * minute },
  'reset:address': { limit: 60, window: hour },
  /**
   * Mails with a reset link to one account; past it the answer stays the same and no mail goes out
   * (RL-9).
   */
  'reset-mail:account': { limit: 3, window: hour },
  /** Tokens of mailed links that were tried (RC-4). */
  'account-token:address': { limit: 60, window: 15 * minute },
  /** By user id: current passwords that were tried from inside a session. */
  'change-password:user': { limit: 10, window: 15 * minute },
  'email-change:user': { limit: 5, window: hour },
  /** Mails about a change of address to one mailbox; as with reset-mail. */
  'email-change-mail:account': { limit: 3, window: hour },
  'update-profile:user': { limit: 60, window: hour },
  'export:user': { limit: 5, window: 24 * hour },
  'delete:user': { limit: 10, window: hour },
  /** By user id of the administrator. */
  'create-user:admin': { limit: 1000, window: hour },
  /** Searches in all accounts, which cost more than anything else that is read. */
  'user-search:admin': { limit: 1200, window: 15 * minute },
  'invitation-mail:account': { limit: 5, window: hour },
  /**
   * Mails that anybody can set off, to one mailbox. Past it they are dropped, and no answer shows
   * it (RL-9).
   */
  'mail:recipient': { limit: 20, window: hour },
  /** The same, to all mailboxes together. */
  'mail:day': { limit: 20_000, window: day },
} as const satisfies Record<string, Budget>;

export type BudgetName = keyof typeof budgets;

/** What RATE_LIMITS says: each is put in the place of the whole budget. */
export type BudgetOverrides = Readonly<Partial<Record<BudgetName, Budget>>>;

export function isBudgetName(name: string): name is BudgetName {
  return Object.hasOwn(budgets, name);
}
