import { z } from 'zod';
import { AuthError } from '../../errors.ts';
import { command } from '../command.ts';
import type { IdentityRedirect } from '../identities/begin-flow.ts';

const schema = z.object({
  providerId: z.string(),
  returnTo: z.string(),
  codeChallenge: z.string(),
  loginHint: z.string().nullish(),
});

export const startIdentityLogin = command(schema, async (): Promise<IdentityRedirect> => {
  throw new AuthError('PROVIDER_REFUSED');
});
