import { text } from '../input.ts';
import { oneLine } from '../one-line.ts';

/**
 * Why an administrator does something, as kept in the audit trail: one line. The docs say that it
 * must name no person.
 */
const reasonText = text({ max: 200 }).transform(oneLine);

/** Null where none is given. */
export const reason = reasonText.nullish().transform((value) => value || null);

/**
 * For actions that an administrator takes only after the user has proved who they are: the reason
 * states that proof (RC-11).
 */
export const requiredReason = reasonText.refine((value) => value !== '', {
  message: 'A reason is required.',
  params: { code: 'REQUIRED' },
});
