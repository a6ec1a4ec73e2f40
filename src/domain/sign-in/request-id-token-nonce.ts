import { z } from 'zod';
import { AuthError } from '../../errors.ts';
import { command } from '../command.ts';

export type IdTokenNonce = {
  readonly kind: 'id-token-nonce';
  readonly id: string;
  readonly nonce: string;
  readonly expiresAt: Date;
};

const schema = z.object({ providerId: z.string() });

export const requestIdTokenNonce = command(schema, async (): Promise<IdTokenNonce> => {
  throw new AuthError('PROVIDER_REFUSED');
});
