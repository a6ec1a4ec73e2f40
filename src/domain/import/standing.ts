import { suspensionFault } from '../users/rules.ts';
import { isEndless } from './read-time.ts';
import { endOf, flagOf, flagOrTime, isPresent, Refusal, textOf, wordFlag } from './read-values.ts';

/** What a line says about whether its user may sign in, and how. */
export type Standing = {
  /** May not sign in at all. */
  readonly isKeptOut: boolean;
  /** Until when; null for one who is not, and where a column that has no end says it. */
  readonly keptOutUntil: Date | null;
  /** The address still has to be proved. */
  readonly isUnproved: boolean;
  /** May sign in, but not by the password. */
  readonly needsReset: boolean;
  readonly hasSecondFactor: boolean;
};

const fine: Standing = {
  isKeptOut: false,
  keptOutUntil: null,
  isUnproved: false,
  needsReset: false,
  hasSecondFactor: false,
};

/** A pure decision: what the columns of a line say together; any of them keeps the user out. */
export function readStanding(values: Iterable<readonly [string, unknown]>, now: Date): Standing {
  let standing = fine;
  for (const [field, value] of values) {
    const said = standingOf(field, value, now);
    standing = {
      ...keptOut(standing, said),
      isUnproved: standing.isUnproved || said.isUnproved === true,
      needsReset: standing.needsReset || said.needsReset === true,
      hasSecondFactor: standing.hasSecondFactor || said.hasSecondFactor === true,
    };
  }
  return standing;
}

function standingOf(field: string, value: unknown, now: Date): Partial<Standing> {
  switch (field) {
    case 'suspended':
      return { isKeptOut: isHeldBack(value) };
    case 'suspendedUntil':
      return lastsUntil(value, now);
    case 'active':
      return { isKeptOut: !isActive(value) };
    case 'activeUntil': {
      const end = endOf(field, value);
      return { isKeptOut: end !== null && end <= now.getTime() };
    }
    case 'status':
      return statusOf(value);
    case 'resetRequired':
      return { needsReset: flagOf(field, value) === true };
    case 'secondFactor':
      return { hasSecondFactor: isPresent(field, value) };
    default:
      return {};
  }
}

/** A flag, a time, a count, or the word itself. */
function isHeldBack(value: unknown): boolean {
  const text = textOf('suspended', value === '\u0000' || value === '\u0001' ? null : value);
  if (text !== null && /^-?\d{1,9}$/.test(text)) return Number(text) !== 0;
  // Kept out for ever, or ever since.
  if (text !== null && (isEndless(text) || /^-infinity$/i.test(text))) return true;
  const word = text === null ? '' : wordOf(text);
  if (standingOfWord.get(word)?.isKeptOut) return true;
  // SECURITY: `active` is no such word, since a ban may be active, too.
  return !notHeldBack.has(word) && flagOrTime('suspended', value) === true;
}

/** SECURITY: nothing at all is no permission. */
function isActive(value: unknown): boolean {
  const text = textOf('active', value === '\u0000' || value === '\u0001' ? null : value);
  const word = text === null ? undefined : standingOfWord.get(wordOf(text));
  if (word !== undefined) return word === fine;
  const flag = flagOrTime('active', value);
  if (flag === null) throw new Refusal('active', 'is empty, neither true nor false');
  return flag;
}

function lastsUntil(value: unknown, now: Date): Partial<Standing> {
  const flag = wordFlag('suspendedUntil', value);
  if (flag !== null) return { isKeptOut: flag };
  const text = textOf('suspendedUntil', value);
  if (text !== null && /^(?:forever|always|permanent(?:ly)?|indefinite(?:ly)?)$/i.test(text))
    return { isKeptOut: true };
  const end = endOf('suspendedUntil', value);
  if (end === null || end <= now.getTime()) return { isKeptOut: false };
  const until = new Date(end);
  // An end so far ahead is written for none.
  const isEnd = end < Number.POSITIVE_INFINITY && suspensionFault(until, now) === null;
  return { isKeptOut: true, keptOutUntil: isEnd ? until : null };
}

type KeptOut = Pick<Standing, 'isKeptOut' | 'keptOutUntil'>;

/** SECURITY: what has no end counts more than what has one; of two ends the later one counts. */
function keptOut(before: KeptOut, said: Partial<KeptOut>): KeptOut {
  if (said.isKeptOut !== true) return before;
  const { keptOutUntil = null } = said;
  if (!before.isKeptOut) return { isKeptOut: true, keptOutUntil };
  if (before.keptOutUntil === null || keptOutUntil === null)
    return { isKeptOut: true, keptOutUntil: null };
  const [later] = [before.keptOutUntil, keptOutUntil].sort((a, b) => b.getTime() - a.getTime());
  return { isKeptOut: true, keptOutUntil: later ?? null };
}

const words = {
  fine:
    'active enabled confirmed verified normal ok okay approved good regular open valid ' +
    'externalprovider unlocked',
  keptOut:
    'suspended banned blocked locked lockedout disabled inactive deactivated deleted archived ' +
    'closed rejected revoked terminated denied compromised deprovisioned removed expired spam ' +
    'frozen cancelled canceled withdrawn dormant blacklisted quarantined forbidden',
  unproved: 'unconfirmed unverified pendingverification pendingconfirmation',
  needsReset: 'resetrequired forcechangepassword passwordexpired',
} as const;

const standingOfWord: ReadonlyMap<string, Standing> = new Map([
  ...each(words.fine, fine),
  ...each(words.keptOut, { ...fine, isKeptOut: true }),
  ...each(words.unproved, { ...fine, isUnproved: true }),
  ...each(words.needsReset, { ...fine, needsReset: true }),
]);

const notHeldBack = new Set('none never no ok okay good normal regular unlocked'.split(' '));

function each(list: string, standing: Standing): [string, Standing][] {
  return list.split(' ').map((word) => [word, standing]);
}

function wordOf(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9]/g, '');
}

function statusOf(value: unknown): Standing {
  const text = textOf('status', value);
  const known = text === null ? undefined : standingOfWord.get(wordOf(text));
  if (known) return known;
  // SECURITY: a number means one thing here and the opposite there.
  throw new Refusal('status', 'is no word whose meaning is known, such as active or suspended');
}
