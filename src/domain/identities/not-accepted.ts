import { AuthError } from '../../errors.ts';

/**
 * SECURITY: the single error of a sign-in that its account does not take: one that is suspended, or
 * an identity that was unlinked, or linked to another user, meanwhile.
 */
export function notAccepted(): AuthError {
  return new AuthError('INVALID_CREDENTIALS', { message: 'The sign-in was not accepted.' });
}
