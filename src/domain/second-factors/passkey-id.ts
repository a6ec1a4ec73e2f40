import { validate as isUuid } from 'uuid';
import { AuthError } from '../../errors.ts';

/** The id of a row, as the caller gave it. Throws NOT_FOUND for what cannot be one. */
export function passkeyId(given: string): string {
  if (!isUuid(given)) throw noSuchPasskey();
  return given;
}

/** Also for another user's (ADV-14). */
export function noSuchPasskey(): AuthError {
  return new AuthError('NOT_FOUND', { message: 'You have no such passkey.' });
}
