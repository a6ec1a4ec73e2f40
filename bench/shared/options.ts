import { parseArgs } from 'node:util';

type Value = string | number | boolean | readonly string[];
/** Widens the type of a default, so that an option may have another value. */
type Values<D> = {
  readonly [K in keyof D]: D[K] extends number
    ? number
    : D[K] extends boolean
      ? boolean
      : D[K] extends string
        ? string
        : readonly string[];
};

/** A mistake on the command line, reported without a stack trace. */
export class UsageError extends Error {}

/**
 * Reads `--name value` for each of the defaults, whose types say what an option takes: a number, a
 * text, nothing (a boolean), or a text that may be given several times (a list).
 */
export function readOptions<const D extends Readonly<Record<string, Value>>>(
  args: readonly string[],
  defaults: D,
): Values<D> {
  const usage = `options: ${Object.entries(defaults).map(describe).join(' ')}`;
  const values: Record<string, Value> = { ...defaults };
  for (const [name, given] of Object.entries(parse(args, defaults, usage))) {
    const value = typeof defaults[name] === 'number' ? Number(given) : texts(given);
    if (value === undefined) continue;
    if (Number.isNaN(value)) throw new UsageError(`--${name} takes a number; ${usage}`);
    values[name] = value;
  }
  return values as Values<D>;
}

function parse(
  args: readonly string[],
  defaults: Readonly<Record<string, Value>>,
  usage: string,
): Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>> {
  const options = Object.entries(defaults).map(([name, value]) => {
    const type: 'boolean' | 'string' = typeof value === 'boolean' ? 'boolean' : 'string';
    return [name, { type, multiple: Array.isArray(value) }] as const;
  });
  try {
    return parseArgs({ args: [...args], options: Object.fromEntries(options) }).values;
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : error}\n${usage}`);
  }
}

/** Lists are of texts only: no option that may be given several times goes without a value. */
function texts(
  given: string | boolean | (string | boolean)[] | undefined,
): string | boolean | string[] | undefined {
  return Array.isArray(given) ? given.map(String) : given;
}

function describe([name, value]: readonly [string, Value]): string {
  if (typeof value === 'boolean') return `[--${name}]`;
  if (Array.isArray(value)) return `[--${name} TEXT …]`;
  return `[--${name} ${value === '' ? 'TEXT' : value}]`;
}
