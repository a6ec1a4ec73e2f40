import { AuthError } from '../../errors.ts';

/**
 * SECURITY: the single error of every refusal, so that it tells nothing of passkey, account or
 * challenge (PK-14, PK-15).
 */
export function notAccepted(): AuthError {
  return new AuthError('INVALID_CREDENTIALS', { message: 'The passkey was not accepted.' });
}

/** Where PASSKEYS is off. `authOptions` tells clients before. */
export function passkeysOff(): AuthError {
  return new AuthError('CONFLICT', { message: 'This server takes no passkeys.' });
}
