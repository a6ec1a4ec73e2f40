import { createHash } from 'node:crypto';
import type { App } from '../../app.ts';
import type { Egress } from '../../egress/egress.ts';
import type { BreachedPasswords } from '../../ports.ts';
import { type BreachedFilter, readFilter } from './breached-filter.ts';

type Parts = Pick<App, 'config' | 'log' | 'metrics'> & { readonly egress: Egress };

/** The list that BREACHED_PASSWORDS names. Throws FilterFault for a file that is no filter. */
export function openBreachedPasswords(parts: Parts): BreachedPasswords {
  const { mode, url, file } = parts.config.breachedPasswords;
  if (mode === 'range') return breachedPasswordsByRange({ ...parts, url });
  if (mode === 'file' && file !== null)
    return breachedPasswordsInFilter(readFilter(file), parts.metrics);
  return noBreachedPasswords;
}

/** Nothing is asked: only the local list and the strength estimate apply. */
const noBreachedPasswords: BreachedPasswords = { includes: async () => false };

function breachedPasswordsInFilter(
  filter: BreachedFilter,
  metrics: Parts['metrics'],
): BreachedPasswords {
  return {
    includes: async (password) => {
      const isListed = filter.has(sha1(password));
      metrics.breachCheck(isListed ? 'listed' : 'not_listed');
      return isListed;
    },
  };
}

/**
 * Asks a range API, and counts a password as not listed where it does not answer within a second:
 * the local list has already been checked (PW-10). The log and the metrics say so.
 */
function breachedPasswordsByRange({
  url,
  egress,
  log,
  metrics,
}: Omit<Parts, 'config'> & { readonly url: string }): BreachedPasswords {
  return {
    includes: async (password) => {
      try {
        const isListed = await askRange({ url, egress, digest: sha1(password) });
        metrics.breachCheck(isListed ? 'listed' : 'not_listed');
        return isListed;
      } catch (error) {
        metrics.breachCheck('unanswered');
        log.warn(
          { event: 'breached_passwords.unreachable', cause: causeOf(error) },
          'The list of breached passwords did not answer.',
        );
        return false;
      }
    },
  };
}

const deadlineMs = 1000;

/**
 * Whether a range API (Have I Been Pwned's form) lists a digest. SECURITY: five of its hex digits
 * are sent and nothing else, and padding hides the length of the answer (PW-10, DP-7). Rejects
 * where the API does not answer as such within a second.
 */
export async function askRange(of: {
  readonly url: string;
  readonly egress: Egress;
  readonly digest: Buffer;
}): Promise<boolean> {
  const digits = of.digest.toString('hex').toUpperCase();
  const { status, body } = await of.egress.request({
    url: `${of.url}/range/${digits.slice(0, 5)}`,
    headers: { 'Add-Padding': 'true', 'User-Agent': 'Latchkey' },
    deadlineMs,
  });
  if (status !== 200) throw new Error(`status ${status}`);
  const text = body.toString('latin1');
  // A page of a proxy or a wrong address would otherwise pass for a list without the password.
  if (!/^[0-9A-F]{35}:\d/i.test(text)) throw new Error('no range');
  const suffix = digits.slice(5);
  // Padding lines have a count of zero.
  return text
    .toUpperCase()
    .split(/\r?\n/)
    .some((line) => line.startsWith(`${suffix}:`) && !line.endsWith(':0'));
}

/** Of our own and the egress client's errors, which quote neither address nor answer. */
export function causeOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown';
}

function sha1(password: string): Buffer {
  return createHash('sha1').update(password).digest();
}
