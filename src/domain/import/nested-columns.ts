import { type Columns, type Field, fieldOf } from './columns.ts';

/** Deeper members are not looked at: the columns that hold them have to be settled. */
const deepest = 32;

type Place = {
  readonly value: unknown;
  readonly known: Columns;
  readonly depth?: number;
  /** The column that the record itself has. */
  readonly column?: string;
};

/**
 * What is said inside of the value of an unknown column: in objects, in lists of them, and in JSON
 * that is kept as a text. Only what the operator has mapped is read, and second factors; what would
 * keep people out by its name is left to be settled.
 */
export function readNested(
  path: string,
  { value, known, depth = 1, column = path }: Place,
): [Field, unknown][] {
  const inner = typeof value === 'string' ? parsedJson(value) : value;
  if (typeof inner !== 'object' || inner === null) return [];
  if (depth > deepest) {
    known.leaveOpen(column);
    return [];
  }
  if (Array.isArray(inner))
    return inner.flatMap((each) => {
      // The name of a flag, such as `flags: ["banned"]`.
      if (typeof each === 'string' && fieldOf(each) === 'suspended') known.leaveOpen(path);
      return readNested(path, { value: asMember(each), known, column, depth: depth + 1 });
    });
  return Object.entries(inner).flatMap(([key, member]) => {
    const inside = `${path}.${key}`;
    const field = known.fieldOfNested(inside, key);
    if (field !== null) return [[field, member] as [Field, unknown]];
    return known.isChosen(inside)
      ? []
      : readNested(inside, { value: member, known, column, depth: depth + 1 });
  });
}

/** `{"name": "banned", "value": true}` is a member with that name. */
function asMember(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const members = new Map(Object.entries(value).map(([key, each]) => [key.toLowerCase(), each]));
  const name = members.get('name') ?? members.get('key');
  const isNamed = typeof name === 'string' && /^[\w.:-]{1,40}$/.test(name);
  return isNamed && members.has('value') ? { ...value, [name]: members.get('value') } : value;
}

function parsedJson(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return null;
  try {
    return JSON.parse(text);
  } catch {
    return null; // SECURITY: the error quotes the text.
  }
}
