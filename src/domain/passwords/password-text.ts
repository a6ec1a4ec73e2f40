import type { FieldError } from '../../errors.ts';

/**
 * In code points; the byte limit is four times that. Far above NIST's 64, and checked before any
 * hashing (PW-2).
 */
export const maxPasswordLength = 256;

/**
 * The form of a password that is measured and hashed: only NFC (PW-7), so that one letter typed on
 * a phone and on a laptop is the same. Case, spaces and length stay as typed.
 */
export function normalizePassword(password: string): string {
  return password.normalize('NFC');
}

/** Length in Unicode code points (NIST SP 800-63B-4 3.1.1.2). */
export function codePointLength(text: string): number {
  let length = 0;
  for (const _ of text) length += 1;
  return length;
}

/**
 * Why a text cannot be any password at all, checked at sign-in as well as when one is set; null
 * where it can.
 */
export function passwordTextFault(password: string): Omit<FieldError, 'path'> | null {
  if (password.length === 0) return { code: 'REQUIRED', message: 'A password is required.' };
  // The cheap check first: a code point is at most two UTF-16 units, and NFC must not run on a
  // megabyte.
  if (
    password.length > maxPasswordLength * 2 ||
    codePointLength(normalizePassword(password)) > maxPasswordLength
  ) {
    return { code: 'TOO_LONG', message: `A password has at most ${maxPasswordLength} characters.` };
  }
  // SECURITY: bcrypt keys are cyclic and C strings end at NUL (PW-5); lone surrogates all hash as
  // U+FFFD (PW-6).
  if (password.includes('\u0000'))
    return { code: 'INVALID_CHARACTER', message: 'A password may not contain the NUL character.' };
  if (!password.isWellFormed())
    return { code: 'INVALID_CHARACTER', message: 'The password is not well-formed Unicode.' };
  return null;
}
