import type { ZxcvbnFactory } from '@zxcvbn-ts/core';

export type StrengthVerdict = 'common' | 'context' | 'weak' | 'strong';

/** The service's own words, added to the user's (PW-11). */
const serviceWords = ['latchkey'];

/**
 * zxcvbn's time grows with the square of the length, on the event loop; a longer password is judged
 * by its first part.
 */
const judgedLength = 64;

/** Out of 4 (decision 1 of the security requirements). */
const minimumScore = 3;

type Estimator = { readonly zxcvbn: ZxcvbnFactory; readonly common: ReadonlySet<string> };
let loading: Promise<Estimator> | undefined;

/** Loads the word lists once (about a quarter of a second, which blocks this thread). */
export function loadStrengthEstimator(): Promise<Estimator> {
  loading ??= load();
  return loading;
}

async function load(): Promise<Estimator> {
  const [{ ZxcvbnFactory }, common, english] = await Promise.all([
    import('@zxcvbn-ts/core'),
    import('@zxcvbn-ts/language-common'),
    import('@zxcvbn-ts/language-en'),
  ]);
  const zxcvbn = new ZxcvbnFactory({ graphs: common.adjacencyGraphs, maxLength: judgedLength });
  mergeLists(zxcvbn, { ...common.dictionary, ...english.dictionary });
  return { zxcvbn, common: new Set(commonPasswords(common.dictionary)) };
}

/** zxcvbn treats words of lists with this name prefix as sequences, such as days of the week. */
const sequenceList = 'cardinalNumbers-all';

/**
 * Merges zxcvbn's word lists into one, each word with its best rank. zxcvbn looks every part of a
 * password up in each list and takes the best rank in the end: with one list instead of twenty the
 * estimate is the same, in a fifth of the time (estimate-strength.test.ts). The option that takes
 * lists cannot express that two words share a rank.
 */
function mergeLists(zxcvbn: ZxcvbnFactory, lists: Record<string, readonly (string | number)[]>) {
  const options = zxcvbn['options'];
  const names = Object.keys(lists);
  const put = (name: string, from: readonly string[]): void => {
    const ranks = bestRanks(from.map((list) => lists[list] ?? []));
    options.rankedDictionaries[name] = Object.fromEntries(ranks);
    options.rankedDictionariesMaxWordSize[name] = longest(ranks.keys());
  };
  put('words', names);
  put(
    sequenceList,
    names.filter((name) => options.isWordSequence(name)),
  );
}

function bestRanks(lists: readonly (readonly (string | number)[])[]): Map<string, number> {
  const ranks = new Map<string, number>();
  for (const list of lists) {
    list.forEach((entry, index) => {
      const word = String(entry);
      const rank = index + 1;
      ranks.set(word, Math.min(ranks.get(word) ?? rank, rank));
    });
  }
  return ranks;
}

function longest(words: Iterable<string>): number {
  let length = 0;
  for (const word of words) length = Math.max(length, word.length);
  return length;
}

/** The list of common passwords that ships with zxcvbn: tens of thousands, in lower case. */
function commonPasswords(dictionary: Record<string, unknown>): string[] {
  const list = dictionary['passwords-common'];
  return Array.isArray(list) ? list.map((entry) => String(entry).toLowerCase()) : [];
}

/**
 * How many passwords of at least `length` characters the local list contains (PW-9 asks for 3,000).
 */
export async function commonPasswordCount(length: number): Promise<number> {
  const { common } = await loadStrengthEstimator();
  let count = 0;
  for (const entry of common) if (entry.length >= length) count += 1;
  return count;
}

/** How guessable a password is, given the words that an attacker would try first for this user. */
export async function estimateStrength(
  password: string,
  context: readonly string[],
): Promise<StrengthVerdict> {
  const { zxcvbn, common } = await loadStrengthEstimator();
  const folded = password.toLowerCase();
  if (common.has(folded) || isRepetitionOf(common, folded) || isDigitRun(folded)) return 'common';

  const words = contextWords(context);
  if (leftAfter(folded, words) !== null || leftAfter(squeeze(folded), words) !== null)
    return 'context';

  const result = zxcvbn.check(password, words);
  return result.score >= minimumScore ? 'strong' : 'weak';
}

/**
 * The words themselves, including an address's local part, both with and without separators, and
 * their parts. Parts of under four letters say nothing, but `jo.li.wu` and `joliwu` do.
 */
function contextWords(context: readonly string[]): string[] {
  const whole = [...serviceWords, ...context].map((word) => word.toLowerCase());
  const named = [...whole, ...whole.map((word) => word.split('@')[0] ?? '')];
  const parts = named.flatMap((word) => word.split(/[^\p{L}\p{N}]+/u));
  const words = new Set([...named, ...named.map(squeeze), ...parts]);
  return [...words].filter((word) => word.length >= 4).sort((a, b) => b.length - a.length);
}

/** Keeps only letters and digits. */
function squeeze(text: string): string {
  return text.replace(/[^\p{L}\p{N}]+/gu, '');
}

/**
 * The rest of the text after the context words are removed, where that rest is trivial: a year,
 * digits, punctuation, at most three letters. Null where the text contains no such word, or enough
 * besides it to be a password of its own.
 */
function leftAfter(text: string, words: readonly string[]): string | null {
  let rest = text;
  let found = false;
  for (const word of words) {
    if (rest.includes(word)) {
      rest = rest.split(word).join('');
      found = true;
    }
  }
  if (!found) return null;
  return rest.replace(/[^\p{L}]/gu, '').length <= 3 ? rest : null;
}

/** `passwordpassword`, `abcabcabc`-like: one common entry, or a short block, repeated. */
function isRepetitionOf(common: ReadonlySet<string>, text: string): boolean {
  for (let length = 1; length <= text.length / 2; length += 1) {
    if (text.length % length !== 0) continue;
    const block = text.slice(0, length);
    if ((length <= 3 || common.has(block)) && block.repeat(text.length / length) === text)
      return true;
  }
  return false;
}

/** `123456789012345`, `9876543210`: digits that go up or down by one, also across zero. */
function isDigitRun(text: string): boolean {
  if (!/^\d+$/.test(text)) return false;
  const steps = new Set<number>();
  for (let index = 1; index < text.length; index += 1) {
    steps.add((text.charCodeAt(index) - text.charCodeAt(index - 1) + 10) % 10);
  }
  return steps.size === 1 && (steps.has(1) || steps.has(9) || steps.has(0));
}
