import { validate as isUuid } from 'uuid';
import { displayName } from '../input.ts';
import { transportNames } from '../passkeys/credential-json.ts';
import { maxCredentialIdBytes } from '../passkeys/rules.ts';
import type { KeyReader } from './passkey-key.ts';
import { flagOf, Refusal, textOf, timeOf } from './read-values.ts';

/** A passkey of another system. */
export type ImportedPasskey = {
  readonly credentialId: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly algorithm: number;
  readonly signCount: number;
  readonly uvInitialized: boolean;
  readonly backupEligible: boolean;
  readonly backupState: boolean;
  readonly transports: readonly string[];
  readonly aaguid: string | null;
  readonly name: string | null;
  readonly createdAt: Date | null;
  readonly lastUsedAt: Date | null;
  /** The user handle that it answers with; null where the other system has not kept it. */
  readonly userHandle: Uint8Array | null;
};

export type PasskeyRules = {
  readonly now: Date;
  /** PASSKEY_RP_ID: a passkey works under no other. */
  readonly rpId: string;
  readonly readKey: KeyReader;
};

/** Of one user. */
const most = 100;
const longestHandle = 64;

/**
 * The passkeys of a line: an array, or one in JSON. Throws a Refusal that names the member and the
 * rule, and none of the values.
 */
export function readPasskeys(value: unknown, rules: PasskeyRules): ImportedPasskey[] {
  const list = listOf(value);
  if (list === null) throw refusal('', 'are no array of objects');
  if (list.length > most) throw refusal('', `are more than ${most}`);
  return list.map((each, index) => readPasskey(membersOf(each), { rules, at: `[${index}]` }));
}

type Place = { readonly rules: PasskeyRules; readonly at: string };
type Members = ReadonlyMap<string, unknown>;

function readPasskey(members: Members, { rules, at }: Place): ImportedPasskey {
  const { now, rpId } = rules;
  const say = (names: string): unknown => member(members, names);
  if (textOf('passkeys', say('rpid')) !== rpId)
    throw refusal(`${at}.rpId`, 'is another than PASSKEY_RP_ID, under which it could not work');
  const id = bytesOf(say('credentialid rawid id'));
  if (id === null || id.length > maxCredentialIdBytes)
    throw refusal(`${at}.credentialId`, `is not 1 to ${maxCredentialIdBytes} bytes`);
  const encoded = bytesOf(say('publickey credentialpublickey'));
  const key = encoded === null ? null : rules.readKey(encoded);
  if (key === null)
    throw refusal(`${at}.publicKey`, 'is no COSE or SPKI key of EdDSA, ES256 or RS256');
  const transports = transportsOf(say('transports transport'));
  const backupEligible = eligibilityOf(members, at);
  return {
    credentialId: id,
    ...key,
    signCount: counterOf(say('counter signcount'), at),
    uvInitialized: verifies(members, { transports, backupEligible }),
    backupEligible,
    backupState: backupEligible && flagOf('passkeys', say('backupstate backedup')) === true,
    transports,
    aaguid: aaguidOf(say('aaguid')),
    name: displayName.safeParse(textOf('name', say('name friendlyname'))).data ?? null,
    createdAt: timeOf('passkeys', say('createdat'), now),
    lastUsedAt: timeOf('passkeys', say('lastusedat'), now),
    userHandle: handleOf(say('userhandle'), at),
  };
}

function refusal(path: string, reason: string): Refusal {
  return new Refusal('passkeys', path === '' ? reason : `${path} ${reason}`);
}

function listOf(value: unknown): readonly unknown[] | null {
  const list = typeof value === 'string' ? parsed(value) : value;
  if (list === null || list === undefined || list === '') return [];
  const isObject = (each: unknown): boolean =>
    typeof each === 'object' && each !== null && !Array.isArray(each);
  return Array.isArray(list) && list.every(isObject) ? list : null;
}

function parsed(text: string): unknown {
  if (textOf('passkeys', text) === null) return null;
  try {
    return JSON.parse(text);
  } catch {
    return text; // SECURITY: the error quotes the text.
  }
}

/** By their names in lower case, without separators between the words. */
function membersOf(value: unknown): Members {
  return new Map(
    Object.entries(value ?? {}).map(([name, each]) => [
      name.toLowerCase().replace(/[^a-z]/g, ''),
      each,
    ]),
  );
}

/** The first of these members that says anything. */
function member(members: Members, names: string): unknown {
  return names
    .split(' ')
    .map((name) => members.get(name))
    .find((value) => value !== undefined && value !== null);
}

/** base64url or base64, with or without padding, or `\x` and hex, as PostgreSQL writes bytes. */
function bytesOf(value: unknown): Buffer<ArrayBuffer> | null {
  const text = textOf('passkeys', value);
  if (text === null) return null;
  const hex = /^\\x((?:[0-9a-f]{2})+)$/i.exec(text)?.[1];
  if (hex !== undefined) return Buffer.from(hex, 'hex');
  const unpadded = text.replace(/=+$/, '').replaceAll('+', '-').replaceAll('/', '_');
  const bytes = Buffer.from(unpadded, 'base64url');
  return bytes.length > 0 && bytes.toString('base64url') === unpadded ? bytes : null;
}

/** Never changes: a sign-in that says otherwise is refused (PK-17). */
function eligibilityOf(members: Members, at: string): boolean {
  const said = flagOf('passkeys', member(members, 'backupeligible'));
  const kind = textOf('passkeys', member(members, 'devicetype'));
  if (said !== null) return said;
  if (kind === 'multiDevice') return true;
  if (kind === 'singleDevice') return false;
  throw refusal(`${at}.backupEligible`, 'is neither true nor false');
}

function counterOf(value: unknown, at: string): number {
  const text = textOf('passkeys', value) ?? '0';
  const counter = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  // Four bytes (WebAuthn 6.1).
  if (counter < 2 ** 32) return counter;
  throw refusal(`${at}.counter`, 'is not a whole number below 4,294,967,296');
}

/** An array, one in JSON, or words between commas; what no browser knows is left out. */
function transportsOf(value: unknown): string[] {
  const words = Array.isArray(value)
    ? value.map(String)
    : (textOf('passkeys', value) ?? '').split(/[\s,"[\]{}]+/);
  return transportNames.filter((name) => words.includes(name));
}

function aaguidOf(value: unknown): string | null {
  const text = textOf('passkeys', value);
  const isKind = text !== null && isUuid(text) && !/^[0-]+$/.test(text);
  return isKind ? text.toLowerCase() : null;
}

function handleOf(value: unknown, at: string): Uint8Array | null {
  if (textOf('passkeys', value) === null) return null;
  const handle = bytesOf(value);
  if (handle !== null && handle.length <= longestHandle) return handle;
  throw refusal(`${at}.userHandle`, `is not 1 to ${longestHandle} bytes`);
}

/**
 * SECURITY: whether it is known to verify its user, without which it signs no one in by itself:
 * what the other system says, else what a device or a password manager keeps. A security key may
 * have no PIN yet, which a thief could set.
 */
function verifies(
  members: Members,
  { transports, backupEligible }: Pick<ImportedPasskey, 'transports' | 'backupEligible'>,
): boolean {
  if (flagOf('passkeys', member(members, 'mfaonly')) === true) return false;
  const said = flagOf('passkeys', member(members, 'userverified uvinitialized'));
  return said ?? (backupEligible || transports.includes('internal'));
}
