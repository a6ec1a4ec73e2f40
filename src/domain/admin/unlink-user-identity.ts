import { z } from 'zod';
import { AuthError } from '../../errors.ts';
import type { Accepted } from '../accepted.ts';
import { command } from '../command.ts';

const schema = z.object({ userId: z.string(), identityId: z.string(), reason: z.string() });

export const unlinkUserIdentity = command(schema, async (): Promise<Accepted> => {
  throw new AuthError('PROVIDER_REFUSED');
});
