import { z } from 'zod';
import { AuthError } from '../../errors.ts';
import { command } from '../command.ts';
import { tokenDelivery } from '../input.ts';
import type { OtpChallenge } from '../otp/challenge-view.ts';
import type { AuthTokens } from './hand-over-tokens.ts';

const schema = z.object({ nonceId: z.string(), idToken: z.string(), tokenDelivery });

export const loginWithIdToken = command(schema, async (): Promise<AuthTokens | OtpChallenge> => {
  throw new AuthError('PROVIDER_REFUSED');
});
