import { text } from '../input.ts';

/** Why an administrator does something, as it is kept in the audit trail: one line. The docs say to name no person in it. */
export const reasonText = text({ max: 200 }).transform((value) =>
  value.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim(),
);
