/** The factors that an account has besides its password and its mailbox. */
export type Enrolled = {
  readonly totp: boolean;
  readonly recoveryCodesLeft: number;
  /** Whether it has a passkey that works here. */
  readonly passkeys: boolean;
};

/** RFC 8176: a key that one device holds, or one that can be copied to others. */
export type KeyKind = 'hwk' | 'swk';

type Step = 'first' | 'second';

type Method = {
  /** The factors that it proves. Empty for a mailbox (NIST SP 800-63B-4 3.1.3.1). */
  readonly proves: readonly ('knowledge' | 'possession' | 'inherence')[];
  /** Its names in `amr` (RFC 8176), with that of the key that was used. */
  readonly amr: (key: KeyKind) => readonly string[];
  /** The steps of a sign-in that it completes; one that completes both is enough by itself. */
  readonly steps: readonly Step[];
  /** Whether the user types a code for it, so that clients see it as an OtpMethod. */
  readonly isTyped: boolean;
  /** Whether a challenge may ask for it. */
  readonly isOffered: (enrolled: Enrolled) => boolean;
};

/**
 * SECURITY: the single table of what a sign-in can prove and what each proof is worth; second
 * factors are ordered best first. A method not listed here proves nothing.
 */
const methods = {
  PASSWORD: {
    proves: ['knowledge'],
    amr: () => ['pwd'],
    steps: ['first'],
    isTyped: false,
    isOffered: () => false,
  },
  EMAIL: { proves: [], amr: () => ['otp'], steps: ['first'], isTyped: true, isOffered: () => true },
  /** A passkey that has verified its user, by PIN or biometrics: two factors in one. */
  PASSKEY: {
    proves: ['possession', 'inherence'],
    amr: (key) => [key, 'user'],
    steps: ['first', 'second'],
    isTyped: false,
    isOffered: ({ passkeys }) => passkeys,
  },
  /** An account at another provider: what it was proved by is not told. */
  IDENTITY: {
    proves: [],
    amr: () => [],
    steps: ['first'],
    isTyped: false,
    isOffered: () => false,
  },
  /** One whose provider is trusted with second factors, and says that one was proved (ID-14). */
  IDENTITY_MFA: {
    proves: ['knowledge', 'possession'],
    amr: () => [],
    steps: ['first', 'second'],
    isTyped: false,
    isOffered: () => false,
  },
  /** One that has not: whoever holds it can use it. */
  SECURITY_KEY: {
    proves: ['possession'],
    amr: (key) => [key, 'user'],
    steps: ['second'],
    isTyped: false,
    isOffered: ({ passkeys }) => passkeys,
  },
  TOTP: {
    proves: ['possession'],
    amr: () => ['otp'],
    steps: ['second'],
    isTyped: true,
    isOffered: ({ totp }) => totp,
  },
  RECOVERY_CODE: {
    proves: ['possession'],
    amr: () => ['otp'],
    steps: ['second'],
    isTyped: true,
    isOffered: ({ totp, recoveryCodesLeft }) => totp && recoveryCodesLeft > 0,
  },
} as const satisfies Readonly<Record<string, Method>>;

/** What a sign-in can have proved. */
export type ProvedMethod = keyof typeof methods;

/** What a challenge can ask for as a typed code. */
export type OtpMethod = {
  [Name in ProvedMethod]: (typeof methods)[Name]['isTyped'] extends true ? Name : never;
}[ProvedMethod];

const table: Readonly<Record<ProvedMethod, Method>> = methods;

const names = Object.keys(methods).filter((name): name is ProvedMethod => name in methods);

export const otpMethods: readonly OtpMethod[] = names.filter(
  (name): name is OtpMethod => table[name].isTyped,
);

/** Parses the proved methods that a row stores. */
export function readProved(stored: readonly string[]): ProvedMethod[] {
  return names.filter((name) => stored.includes(name));
}

/** Whether they include a second factor, or a method that is enough by itself. */
export function provesSecondFactor(proved: readonly ProvedMethod[]): boolean {
  return completes(proved, 'second');
}

/** Whether they include a password, a mailbox, or a method that is enough by itself. */
export function completesFirstStep(proved: readonly ProvedMethod[]): boolean {
  return completes(proved, 'first');
}

/**
 * SECURITY: the only place that decides what a sign-in or a step-up still lacks (OT-17, ADV-24,
 * ADV-50): the methods that would each complete the next step, best first; empty once the required
 * set is complete. The first step is the password, the mailbox or a passkey; where an app is set
 * up, a second factor always follows. A passkey alone asks for none: clients that do not know
 * passkeys could not complete it.
 */
export function lackingMethods(
  proved: readonly ProvedMethod[],
  enrolled: Enrolled,
): ProvedMethod[] {
  if (!completes(proved, 'first')) return offered('first', enrolled);
  const isComplete = !enrolled.totp || completes(proved, 'second');
  return isComplete ? [] : offered('second', enrolled);
}

/**
 * RFC 8176 names of the proved methods. `mfa` requires two different factors: a mailed code never
 * counts as one of them, whatever it is combined with (OT-9). `key` is that of the passkey used; a
 * key that is not known counts as one that can be copied.
 */
export function amrOf(proved: readonly ProvedMethod[], key: KeyKind = 'swk'): string[] {
  const rows = readProved(proved).map((name) => table[name]);
  const factors = new Set(rows.flatMap(({ proves }) => proves));
  const amr = new Set(rows.flatMap((row) => row.amr(key)));
  return factors.size > 1 ? [...amr, 'mfa'] : [...amr];
}

function completes(proved: readonly ProvedMethod[], step: Step): boolean {
  return proved.some((name) => table[name].steps.includes(step));
}

function offered(step: Step, enrolled: Enrolled): ProvedMethod[] {
  return names.filter(
    (name) => table[name].steps.includes(step) && table[name].isOffered(enrolled),
  );
}
