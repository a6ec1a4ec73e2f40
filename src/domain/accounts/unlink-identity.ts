import { z } from 'zod';
import { AuthError } from '../../errors.ts';
import type { Accepted } from '../accepted.ts';
import { command } from '../command.ts';

const schema = z.object({ identityId: z.string() });

export const unlinkIdentity = command(schema, async (): Promise<Accepted> => {
  throw new AuthError('PROVIDER_REFUSED');
});
