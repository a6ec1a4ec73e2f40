import { text } from '../input.ts';

/**
 * Why an administrator does something, as it is kept in the audit trail: one line. The docs say to
 * name no person in it.
 */
const reasonText = text({ max: 200 }).transform((value) =>
  value.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim(),
);

/** Null where none is given. */
export const reason = reasonText.nullish().transform((value) => value || null);

/** For what takes a proof of who asks, which the reason has to state (RC-11). */
export const requiredReason = reasonText.refine((value) => value !== '', {
  message: 'A reason is required.',
  params: { code: 'REQUIRED' },
});
