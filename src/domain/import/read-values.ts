import type { Field } from './columns.ts';
import { isEndless, isOfUnknownUnit, isZeroTime, parseTime } from './read-time.ts';

/** Why a line is skipped. SECURITY: contains none of the line's values. */
export class Refusal extends Error {
  constructor(
    readonly field: Field,
    reason: string,
  ) {
    super(reason);
  }
}

/** What databases and languages write where there is nothing. */
const nothing = /^(?:null|\\N|nil|none|undefined|\(null\)|<null>|nan|nat)$/i;
/** In these anything may be a value; only what no person writes stands for nothing. */
const freeTexts: ReadonlySet<Field> = new Set(['name', 'givenName', 'familyName']);

export function textOf(field: Field, value: unknown): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
    throw new Refusal(field, 'is not a text');
  }
  const text = String(value).trim();
  if (text.includes('\u0000') || !text.isWellFormed()) {
    throw new Refusal(field, 'holds a character that is not allowed');
  }
  // Replacement characters stand for invalid bytes: importing them would damage a name for good.
  if (text.includes('\uFFFD')) throw new Refusal(field, 'is not valid UTF-8');
  const isNothing = freeTexts.has(field) ? /^(?:NULL|\\N)$/.test(text) : nothing.test(text);
  return text === '' || isNothing ? null : text;
}

const yes = /^(?:true|t|1(?:\.0+)?|yes|y|on|b'1'|0x01)$/;
const no = /^(?:false|f|0(?:\.0+)?|no|n|off|b'0'|0x00|\\0)$/;

/**
 * True, false, or null where it is neither. A bit of MySQL comes as a byte, and its client writes
 * that of 0 as `\0`; a spreadsheet makes `1.0` of a flag in a column that has gaps.
 */
export function wordFlag(field: Field, value: unknown): boolean | null {
  if (value === '\u0001') return true;
  if (value === '\u0000') return false;
  const text = textOf(field, value)?.toLowerCase() ?? '';
  if (yes.test(text)) return true;
  return no.test(text) ? false : null;
}

/** A flag; null where there is none. */
export function flagOf(field: Field, value: unknown): boolean | null {
  const flag = wordFlag(field, value);
  if (flag !== null || textOf(field, value) === null) return flag;
  throw new Refusal(field, 'is neither true nor false');
}

/** A time of the past; null where there is none. */
export function timeOf(field: Field, value: unknown, now: Date): Date | null {
  const text = textOf(field, value);
  if (text === null || isZeroTime(text)) return null;
  const time = parseTime(text);
  const tomorrow = now.getTime() + 24 * 3600 * 1000;
  if (Number.isNaN(time)) throw new Refusal(field, 'is not a time');
  if (time < 0 || time > tomorrow) throw new Refusal(field, 'is before 1970 or in the future');
  return new Date(time);
}

/** A flag, or the time since when it is one; null where there is nothing. */
export function flagOrTime(field: Field, value: unknown): boolean | null {
  const flag = wordFlag(field, value);
  if (flag !== null) return flag;
  const text = textOf(field, value);
  if (text === null) return null;
  if (isZeroTime(text)) return false;
  // SECURITY: a small number is a code, of which only 0 and 1 are flags.
  if (!Number.isNaN(parseTime(text)) && !isOfUnknownUnit(text)) return true;
  throw new Refusal(field, 'is neither true nor false nor a time');
}

/** The time of what is a flag or a time; null for a flag. */
export function sinceOf(field: Field, value: unknown, now: Date): Date | null {
  return wordFlag(field, value) === null ? timeOf(field, value, now) : null;
}

/** Milliseconds of a time that may lie in the future or be infinite; null where there is none. */
export function endOf(field: Field, value: unknown): number | null {
  const text = textOf(field, value);
  if (text === null) return null;
  if (isEndless(text)) return Number.POSITIVE_INFINITY;
  if (/^-infinity$/i.test(text)) return Number.NEGATIVE_INFINITY;
  if (isZeroTime(text)) return null;
  if (isOfUnknownUnit(text)) throw new Refusal(field, 'is a number whose unit is not known');
  const time = parseTime(text);
  if (Number.isNaN(time)) throw new Refusal(field, 'is not a time');
  return time;
}

/** Whether there is anything: a flag that is set, a text, a list that is not empty. */
export function isPresent(field: Field, value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value);
    // What was never confirmed, or was given up, still has its secret or its date.
    const isOff = members.some(
      ([name, inner]) =>
        /^(?:is)?enabled$/i.test(name) &&
        typeof inner !== 'object' &&
        wordFlag(field, inner) === false,
    );
    return !isOff && members.some(([, inner]) => isPresent(field, inner));
  }
  const flag = wordFlag(field, value);
  const text = textOf(field, value);
  return flag ?? (text !== null && !isZeroTime(text) && !nothingEnrolled.test(text));
}

const nothingEnrolled =
  /^(?:\[\s*\]|\{\s*\}|disabled|inactive|not[ _-]?(?:enrolled|configured|set))$/i;
