import { z } from 'zod';
import { AuthError } from '../../errors.ts';
import { command } from '../command.ts';
import type { IdentityView } from '../identities/identity-view.ts';

const schema = z.object({ ticket: z.string(), codeVerifier: z.string() });

export const completeIdentityLink = command(schema, async (): Promise<IdentityView> => {
  throw new AuthError('PROVIDER_REFUSED');
});
