import type { UserMetadataRow } from '../../db/tables/user-metadata.ts';
import { type Metadata, type MetadataKind, metadataFault } from '../metadata/rules.ts';
import { Refusal, textOf } from './read-values.ts';

/** What is kept with a user, from `latchkey_metadata`. */
export type ImportedMetadata = Omit<UserMetadataRow, 'userId'>;

/** Its members, as export-users writes them. */
const members = [
  ['public', 'publicMetadata'],
  ['admin', 'adminMetadata'],
  ['preferences', 'preferences'],
] as const satisfies readonly (readonly [string, MetadataKind])[];

/**
 * An object, or one in JSON; null where there is none. Throws a Refusal that names the member and
 * the rule, and none of the values (MD-2).
 */
export function readMetadata(value: unknown): ImportedMetadata | null {
  const given = typeof value === 'string' ? parsed(value) : value;
  if (given === undefined || given === null) return null;
  if (!isObject(given)) throw new Refusal('metadata', 'is no object');
  const known = members.map(([name]) => name as string);
  if (Object.keys(given).some((name) => !known.includes(name)))
    throw new Refusal('metadata', `has another member than ${known.join(', ')}`);
  const objects = members.map(([name, kind]) => [kind, readOne(given[name], { name, kind })]);
  return Object.fromEntries(objects);
}

function readOne(
  value: unknown,
  { name, kind }: { readonly name: string; readonly kind: MetadataKind },
): Metadata {
  if (value === undefined || value === null) return {};
  if (!isObject(value)) throw new Refusal('metadata', `.${name} is no object`);
  const fault = metadataFault(kind, value);
  if (fault === null) return value;
  throw new Refusal('metadata', `.${name}: ${fault.message}`);
}

function isObject(value: unknown): value is Metadata {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parsed(text: string): unknown {
  if (textOf('metadata', text) === null) return null;
  try {
    return JSON.parse(text);
  } catch {
    return text; // SECURITY: the error quotes the text.
  }
}
