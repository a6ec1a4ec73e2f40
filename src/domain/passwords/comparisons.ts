import type { Random } from '../../random.ts';

const bcryptAlphabet = './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

type Options = {
  /** bcrypt's exponent of a hash that is made today. */
  readonly cost: number;
  readonly random: Random;
  readonly verify: (input: string, stored: string) => Promise<boolean>;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
};

/**
 * Compares with bcrypt, and does the work of a comparison where there is nothing to compare with,
 * so that an answer's time does not tell one account from another (PW-16).
 */
export class Comparisons {
  readonly #options: Options;
  readonly #dummies = new Map<number, string>();
  /** Milliseconds that a recent comparison with one of our hashes took. */
  #usual: number | null = null;

  constructor(options: Options) {
    this.#options = options;
  }

  /** Whether the input is the one that was hashed. */
  async compare(input: string, bcrypt: string): Promise<boolean> {
    const { now, verify } = this.#options;
    const begun = now();
    const matches = await verify(input, bcrypt);
    const took = now() - begun;
    this.#usual = this.#usual === null ? took : this.#usual * 0.8 + took * 0.2;
    return matches;
  }

  /** A comparison whose result means nothing. */
  async waste(input: string): Promise<void> {
    await this.compare(input, this.#dummy(this.#options.cost));
  }

  /**
   * Keeps working until the usual time of one of our comparisons has passed, so that a cheaper
   * hash does not reveal itself by a quick refusal. `spent` in milliseconds.
   */
  async fillUp(spent: number): Promise<void> {
    if (this.#usual === null) return this.waste('');
    const { cost, verify } = this.#options;
    let rest = 1 - spent / this.#usual;
    for (let exponent = cost - 1; exponent >= Math.max(4, cost - 5); exponent -= 1) {
      const share = 2 ** (exponent - cost);
      if (rest < share) continue;
      await verify('', this.#dummy(exponent));
      rest -= share;
    }
  }

  #dummy(cost: number): string {
    const dummy = this.#dummies.get(cost) ?? dummyBcrypt(cost, this.#options.random);
    this.#dummies.set(cost, dummy);
    return dummy;
  }
}

/**
 * A well-formed hash of nothing, at the given cost. A malformed one would be refused in under a
 * millisecond, and one of another cost in a different time (PW-16, ADV-51).
 */
export function dummyBcrypt(cost: number, random: Random): string {
  const characters = [...random.bytes(53)].map((byte) => bcryptAlphabet.charAt(byte % 64));
  // The last character of the salt and of the hash carry only a few bits; '.' (zero) is always
  // valid there.
  characters[21] = '.';
  characters[52] = '.';
  return `$2b$${String(cost).padStart(2, '0')}$${characters.join('')}`;
}
