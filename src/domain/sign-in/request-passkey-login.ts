import { z } from 'zod';
import { command } from '../command.ts';
import { beginCeremony, type PasskeyChallenge } from '../passkeys/begin-ceremony.ts';
import { passkeysOff } from '../passkeys/not-accepted.ts';
import { discoverableOptions } from '../passkeys/options.ts';
import { reserveByAddress } from '../rate-limits/reserve.ts';

const schema = z.object({
  hints: z
    .array(z.enum(['CLIENT_DEVICE', 'SECURITY_KEY', 'HYBRID']))
    .max(3)
    .nullish(),
});

/**
 * Begins a sign-in with a passkey, without an address: the answer is the same for everyone (PK-7).
 * Throws RATE_LIMITED, CONFLICT where passkeys are off.
 */
export const requestPasskeyLogin = command(
  schema,
  async (ctx, { hints }): Promise<PasskeyChallenge> => {
    if (!ctx.config.passkeys.enabled) throw passkeysOff();
    await reserveByAddress(ctx, 'passkey-login:address');
    const options = discoverableOptions(ctx, hints ?? []);
    return beginCeremony(ctx, { db: ctx.db, purpose: 'LOGIN', options });
  },
);
