/** Seconds that a code is valid (OT-2; ASVS 6.5.5). */
export const codeLifetime = 600;
/** The maximum number of attempts per challenge, right or wrong (OT-3). */
export const maxAttempts = 5;
/** Seconds between two codes of one challenge (OT-7). */
export const resendCooldown = 30;
export const maxResends = 4;
/** Bytes of the handle that the client holds: 192 bits (OT-5 asks for 128). */
export const handleBytes = 24;

/** Bytes of the token of a mailed link (RC-2 asks for 128 bits). */
export const linkBytes = 32;

export type OtpPurpose = 'VERIFY_EMAIL' | 'LOGIN' | 'STEP_UP' | 'CHANGE_EMAIL' | 'LINK_IDENTITY';

/** The purposes whose mails have a link, which `verifyLink` takes. */
export const linkPurposes: readonly OtpPurpose[] = ['VERIFY_EMAIL', 'LOGIN'];
