import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import type { Egress } from '../../egress/egress.ts';
import type { BreachedPasswords } from '../../ports.ts';

/** No range API is asked: only the local list and the strength estimate apply. */
export const noBreachedPasswords: BreachedPasswords = { includes: async () => false };

const deadlineMs = 1000;

/**
 * Asks a range API (Have I Been Pwned's form): only five hex digits of the SHA-1 are sent, with
 * padding (PW-10, DP-7). If it does not answer within a second, the password counts as not listed
 * and the log says so: the local list has already been checked.
 */
export function breachedPasswordsByRange(options: {
  baseUrl: string;
  egress: Egress;
  log: Pick<Logger, 'warn'>;
}): BreachedPasswords {
  return {
    includes: async (password) => {
      const digest = createHash('sha1').update(password).digest('hex').toUpperCase();
      const suffix = digest.slice(5);
      try {
        const { status, body } = await options.egress.request({
          url: `${options.baseUrl}/range/${digest.slice(0, 5)}`,
          headers: { 'Add-Padding': 'true' },
          deadlineMs,
        });
        if (status !== 200) throw new Error(`status ${status}`);
        const lines = body.toString('utf8').split(/\r?\n/);
        // Padding lines have a count of zero.
        return lines.some((line) => line.startsWith(`${suffix}:`) && !line.endsWith(':0'));
      } catch (error) {
        const cause = error instanceof Error ? error.name : 'unknown';
        options.log.warn(
          { event: 'breached_passwords.unreachable', cause },
          'The list of breached passwords did not answer.',
        );
        return false;
      }
    },
  };
}
