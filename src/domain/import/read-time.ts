/** What other systems store where there is no time. */
const zeroTimes = new RegExp(
  [
    '^(?:0000-00-00|0001-01-01|1753-01-01|1899-12-3[01]|1900-01-01)(?:[T ]|$)',
    '^1970-01-01[T ]00:00(?::00(?:[.,]0+)?)?(?: ?(?:Z|UTC|GMT|[+-]00(?::?00)?))?$',
    String.raw`^0?1\/0?1\/0001 `,
    String.raw`^(?:-62135596800(?:000)?|-1|0(?:\.0+)?|-infinity|9223372036854775807)$`,
  ].join('|'),
  'i',
);

/** Whether a text says that there is no time. */
export function isZeroTime(text: string): boolean {
  return zeroTimes.test(text);
}

/**
 * Whether a text stands for a time that never comes: the largest number of 64 bits, nines, or -1,
 * which systems write where a ban has no end.
 */
export function isEndless(text: string): boolean {
  return /^(?:-1|9223372036854775807|9{11,19})$/.test(text);
}

/** No account that is imported was opened, closed or banned before that. */
const earliest = Date.UTC(1995);

/** Whether a text is a number that counts something else than parts of a second since 1970. */
export function isOfUnknownUnit(text: string): boolean {
  return isNumber(text) && parseTime(text) < earliest;
}

function isNumber(text: string): boolean {
  return /^\d{1,19}(?:\.\d{1,12})?$/.test(text);
}

/**
 * Milliseconds since 1970, NaN for what is no time: seconds, milliseconds, microseconds or
 * nanoseconds since 1970, ISO 8601 as databases and languages write it, with or without signs
 * between its parts, or RFC 1123. UTC where no zone is given.
 */
export function parseTime(text: string): number {
  const [, ...compact] = compactPattern.exec(text) ?? [];
  if (compact.length > 0) return compactOf(compact);
  if (isNumber(text)) return epochOf(Number(text));
  if (/^\+?infinity$/i.test(text)) return Number.POSITIVE_INFINITY;
  const iso = isoOf(text);
  return Number.isNaN(iso) ? wordsOf(text) : iso;
}

// MySQL and LDAP. SECURITY: as milliseconds, the end of an account would lie in the year 2600.
const compactPattern =
  /^((?:19|20|21)\d\d)(0[1-9]|1[0-2])([0-3]\d)(?:([0-2]\d)([0-5]\d)([0-6]\d)(?:\.\d{1,6})?Z?)?$/;

function compactOf(parts: readonly (string | undefined)[]): number {
  const [year, month, day, hour = '00', minute = '00', second = '00'] = parts;
  return isoOf(`${year}-${month}-${day}T${hour}:${minute}:${second}`);
}

const year10000 = Date.UTC(10_000) / 1000;

function epochOf(value: number): number {
  // SECURITY: the last second of 9999, which stands for no end, would lie in 1978 as milliseconds.
  const divisor = [year10000, year10000 * 1000, 1e17].findIndex((limit) => value < limit);
  const scale = [1000, 1, 1 / 1000, 1 / 1_000_000].at(divisor) ?? Number.NaN;
  return Math.floor(value * scale);
}

// Beside ISO 8601: a zone after a blank, ` UTC` after it (Go), and `[Europe/Berlin]` (Java).
const isoPattern = new RegExp(
  [
    String.raw`^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:[.,](\d{1,12}))?)? ?`,
    String.raw`(Z|UTC|GMT|[+-]\d\d(?::?\d\d)?(?::00)?(?= |\[|$)(?: [A-Z]{1,5})?)?`,
    String.raw`(?:\[[\w/+-]{1,40}\])?$`,
  ].join(''),
  'i',
);

function isoOf(text: string): number {
  const match = isoPattern.exec(text);
  if (!match) return Number.NaN;
  const [, day = '', hour = '00:00', fraction = '0', zone = 'Z'] = match;
  const time = `${hour.padEnd(8, ':00')}.${fraction.slice(0, 3).padEnd(3, '0')}`;
  return Date.parse(`${day}T${time}${offsetOf(zone)}`);
}

function offsetOf(zone: string): string {
  if (/^(?:Z|UTC|GMT)$/i.test(zone)) return 'Z';
  const [hours = '', minutes = '00'] = zone.replace(/^([+-]\d\d):?/, '$1 ').split(' ');
  return `${hours}:${minutes.slice(0, 2) || '00'}`;
}

const months = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ');
const clock = String.raw`(\d\d:\d\d(?::\d\d)?)`;
const namedZone = String.raw`(?: ?(UTC|GMT|Z)?([+-]\d\d:?\d\d)?)?(?: \([^)]{1,60}\))?`;
// RFC 1123 and RFC 5322, then what JavaScript and C make of a time.
const dayFirst = new RegExp(
  String.raw`^(?:[A-Za-z]{3,9}, ?)?(\d{1,2})[ -]([A-Za-z]{3})[ -](\d{4}) ${clock}${namedZone}$`,
);
const monthFirst = new RegExp(
  String.raw`^[A-Za-z]{3} ([A-Za-z]{3}) +(\d{1,2}) (\d{4}) ${clock}${namedZone}$`,
);
const yearLast = new RegExp(
  String.raw`^[A-Za-z]{3} ([A-Za-z]{3}) +(\d{1,2}) ${clock}(?: (UTC|GMT|Z))?() (\d{4})$`,
);

/** A time whose month is a word. */
function wordsOf(text: string): number {
  const first = dayFirst.exec(text);
  if (first) return monthOf(first[2], { day: first[1], year: first[3], rest: first.slice(4) });
  const second = monthFirst.exec(text);
  if (second) return monthOf(second[1], { day: second[2], year: second[3], rest: second.slice(4) });
  const third = yearLast.exec(text);
  if (third) return monthOf(third[1], { day: third[2], year: third[6], rest: third.slice(3, 6) });
  return Number.NaN;
}

function monthOf(
  word: string | undefined,
  parts: {
    readonly day: string | undefined;
    readonly year: string | undefined;
    readonly rest: readonly (string | undefined)[];
  },
): number {
  const month = months.indexOf(word?.toLowerCase() ?? '') + 1;
  if (month === 0) return Number.NaN;
  const day = `${parts.year}-${String(month).padStart(2, '0')}-${parts.day?.padStart(2, '0')}`;
  const [time = '', , offset] = parts.rest;
  return isoOf(`${day}T${time}${offset || 'Z'}`);
}
