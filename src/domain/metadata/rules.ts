import type { Metadata, MetadataValue } from '../../db/tables/user-metadata.ts';

export type { Metadata };

/** The objects that are kept with a user, and the most bytes of each as JSON in UTF-8. */
export const metadataBytes = {
  publicMetadata: 8192,
  adminMetadata: 8192,
  preferences: 4096,
} as const;
export type MetadataKind = keyof typeof metadataBytes;

/** Objects and lists within one another; the outermost is the first. */
const mostLevels = 5;
/** Of one object. */
const mostKeys = 100;
const longestKey = 64;

/** SECURITY: code that copies members by assignment would change the prototype of every object. */
const reserved: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

export type MetadataFault = { readonly code: 'TOO_LONG' | 'INVALID'; readonly message: string };

/** Why an object cannot be kept, as one rule; null where it can (MD-2). */
export function metadataFault(kind: MetadataKind, value: Metadata): MetadataFault | null {
  const fault = shapeFault(value, 1);
  if (fault !== null) return { code: 'INVALID', message: fault };
  const most = metadataBytes[kind];
  if (Buffer.byteLength(JSON.stringify(value)) <= most) return null;
  return { code: 'TOO_LONG', message: `At most ${most} bytes of JSON are allowed.` };
}

/** The same without the size: an object that takes keys away is not kept itself. */
export function changeFault(value: Metadata): MetadataFault | null {
  const fault = shapeFault(value, 1);
  return fault === null ? null : { code: 'INVALID', message: fault };
}

function shapeFault(value: MetadataValue, level: number): string | null {
  if (typeof value === 'string') return textFault(value);
  if (typeof value === 'number') return numberFault(value);
  if (typeof value !== 'object' || value === null) return null;
  if (level > mostLevels) return `At most ${mostLevels} levels are allowed.`;
  const entries = Object.entries(value);
  if (!Array.isArray(value)) {
    if (entries.length > mostKeys) return `At most ${mostKeys} keys are allowed in one object.`;
    for (const [key] of entries) {
      const fault = keyFault(key);
      if (fault !== null) return fault;
    }
  }
  for (const [, member] of entries) {
    const fault = shapeFault(member, level + 1);
    if (fault !== null) return fault;
  }
  return null;
}

function keyFault(key: string): string | null {
  if (key === '' || key.length > longestKey) return `A key has 1 to ${longestKey} characters.`;
  if (reserved.has(key)) return `No key may be ${[...reserved].join(', ')}.`;
  return textFault(key);
}

/** PostgreSQL stores neither in jsonb (section 8.14). */
function textFault(text: string): string | null {
  if (!text.includes('\0') && text.isWellFormed()) return null;
  return 'A text holds a character that is not allowed.';
}

/** PostgreSQL writes numbers without an exponent: those that need one may become 300 digits. */
function numberFault(value: number): string | null {
  if (Number.isFinite(value) && !String(value).includes('e')) return null;
  return 'Numbers lie between -10^21 and 10^21, and have no exponent.';
}

/** What is left after a change: a key that it leaves out stays, null takes it away. */
export function changed(before: Metadata, change: Metadata): Metadata {
  const members = new Map(Object.entries(before));
  for (const [key, value] of Object.entries(change)) {
    if (value === null) members.delete(key);
    else members.set(key, value);
  }
  return Object.fromEntries(members);
}
