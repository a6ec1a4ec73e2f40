export type OtpMethod = 'EMAIL' | 'TOTP' | 'RECOVERY_CODE';
/** What a sign-in can have proved: the password, or a code. */
export type ProvedMethod = 'PASSWORD' | OtpMethod;

/** The factors that an account has besides its password and its mailbox. */
export type Enrolled = { readonly totp: boolean; readonly recoveryCodesLeft: number };

const provedMethods: readonly ProvedMethod[] = ['PASSWORD', 'EMAIL', 'TOTP', 'RECOVERY_CODE'];

/** Reads what a row says was proved. */
export function readProved(stored: readonly string[]): ProvedMethod[] {
  return provedMethods.filter((method) => stored.includes(method));
}

/** Whether the app, or a recovery code in its place, was among it. */
export function provesSecondFactor(proved: readonly ProvedMethod[]): boolean {
  return proved.includes('TOTP') || proved.includes('RECOVERY_CODE');
}

/**
 * SECURITY: the one place that decides what a sign-in or a step-up still lacks (OT-17, ADV-24,
 * ADV-50): the methods that would each meet the next step, the best first; empty where the policy's
 * set is complete. A first step is the password or the mailbox, whose order does not matter; where
 * an app is set up, that app or a recovery code follows, whatever the first step was.
 */
export function lackingMethods(proved: readonly ProvedMethod[], enrolled: Enrolled): OtpMethod[] {
  if (!proved.includes('PASSWORD') && !proved.includes('EMAIL')) return ['EMAIL'];
  if (!enrolled.totp || provesSecondFactor(proved)) return [];
  return enrolled.recoveryCodesLeft > 0 ? ['TOTP', 'RECOVERY_CODE'] : ['TOTP'];
}

/**
 * RFC 8176 names of what was proved. `mfa` stands for the password together with something that the
 * user has. A mailed code is no factor of that kind (NIST SP 800-63B-4 3.1.3.1), so that it is
 * never a part of `mfa`, whatever comes with it (OT-9).
 */
export function amrOf(proved: readonly ProvedMethod[]): string[] {
  const password = proved.includes('PASSWORD');
  return [
    ...(password ? ['pwd'] : []),
    ...(proved.some((method) => method !== 'PASSWORD') ? ['otp'] : []),
    ...(password && provesSecondFactor(proved) ? ['mfa'] : []),
  ];
}
