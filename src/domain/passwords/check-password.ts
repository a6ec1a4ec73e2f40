import type { App } from '../../app.ts';
import type { FieldError } from '../../errors.ts';
import type { Place } from '../../semaphore.ts';
import { judgeStrength } from './judge-strength.ts';
import { codePointLength, normalizePassword, passwordTextFault } from './password-text.ts';

type Input = {
  readonly password: string;
  /** The input field that an error refers to. */
  readonly path: string;
  /** The user's own address and name, which must not be a password by themselves. */
  readonly context: readonly string[];
  /** The caller's place in the queue of the thread that judges. */
  readonly place: Place;
};

/**
 * The single policy for every way in which a password is set (PW-12). Returns what is wrong, or an
 * empty list. Length is counted in code points after NFC; there are no composition rules (NIST SP
 * 800-63B-4 3.1.1.2).
 */
export async function checkPassword(
  app: Pick<App, 'config' | 'breachedPasswords'>,
  input: Input,
): Promise<FieldError[]> {
  const fault = passwordTextFault(input.password);
  if (fault) return [{ path: input.path, ...fault }];
  const password = normalizePassword(input.password);
  const minimum = app.config.passwordMinLength;
  if (codePointLength(password) < minimum) {
    return [
      {
        path: input.path,
        code: 'TOO_SHORT',
        message: `A password has at least ${minimum} characters.`,
      },
    ];
  }
  const verdict = await judgeStrength({ password, context: input.context }, input.place);
  if (verdict === 'common') {
    return [
      {
        path: input.path,
        code: 'PASSWORD_COMMON',
        message: 'This is one of the passwords that are guessed first.',
      },
    ];
  }
  if (verdict === 'context') {
    return [
      {
        path: input.path,
        code: 'PASSWORD_CONTEXT',
        message:
          'A password may not be made of your address, your name or the name of this service.',
      },
    ];
  }
  if (verdict === 'weak') {
    return [
      {
        path: input.path,
        code: 'PASSWORD_WEAK',
        message: 'This password is easy to guess. Four or more unrelated words make a good one.',
      },
    ];
  }
  if (await app.breachedPasswords.includes(password)) {
    return [
      {
        path: input.path,
        code: 'PASSWORD_BREACHED',
        message: 'This password stands in a published list of stolen ones.',
      },
    ];
  }
  return [];
}
