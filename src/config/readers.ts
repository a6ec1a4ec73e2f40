import { statSync } from 'node:fs';
import { isIP, isIPv4 } from 'node:net';
import { z } from 'zod';
import { hostUrls, joinHosts } from '../db/driver/host-urls.ts';
import { moveSocketToHost, socketFolder } from '../db/driver/socket-urls.ts';
import {
  type Budget,
  type BudgetName,
  type BudgetOverrides,
  isBudgetName,
} from '../domain/rate-limits/budgets.ts';
import { type GatewayUserField, gatewayUserFields } from '../domain/users/gateway-user-fields.ts';
import { parseSender, type Sender } from '../mail/sender.ts';

/** Turns a variable's text, which is not empty, into its value. */
export type Reader<T> = z.ZodType<T, string>;

type Refuse = (rule: string) => never;

class Refusal extends Error {}

export function reads<T>(read: (text: string, refuse: Refuse) => T): Reader<T> {
  return z.string().transform((text, context) => {
    const refuse: Refuse = (rule) => {
      throw new Refusal(rule);
    };
    try {
      return read(text, refuse);
    } catch (error) {
      // SECURITY: a parser's own error can quote its input.
      context.addIssue({
        code: 'custom',
        message: error instanceof Refusal ? error.message : 'is not valid',
      });
      return z.NEVER;
    }
  });
}

/** Returns the value, or calls `refuse` with the rule that the text breaks. */
function readWith<T>(reader: Reader<T>, text: string, refuse: Refuse): T {
  const result = reader.safeParse(text);
  return result.success ? result.data : refuse(ruleOf(result.error));
}

/** The rule that a refused text breaks. */
export function ruleOf(error: z.ZodError): string {
  return error.issues[0]?.message ?? 'is not valid';
}

const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** `15m`, `20s`, `14d` as seconds. */
export function duration(least: string, most: string): Reader<number> {
  const seconds = (text: string): number => {
    const [, count, unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
    return Number(count) * (units[unit] ?? Number.NaN);
  };
  return reads((text, refuse) => {
    if (/^\d+(\.\d+)?$/.test(text)) refuse('needs a unit: write 30s, 15m, 12h or 14d');
    const value = seconds(text);
    if (Number.isNaN(value)) refuse('must be a duration such as 30s, 15m, 12h or 14d');
    if (value < seconds(least) || value > seconds(most)) refuse(`must be from ${least} to ${most}`);
    return value;
  });
}

export function whole(least: number, most: number): Reader<number> {
  return reads((text, refuse) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= least && value <= most))
      refuse(`must be a whole number from ${least} to ${most}`);
    return value;
  });
}

export const onOrOff = reads((text, refuse) => {
  if (text === 'on' || text === 'true') return true;
  if (text === 'off' || text === 'false') return false;
  return refuse('must be on, off, true or false');
});

export function oneOf<const T extends string>(...words: readonly T[]): Reader<T> {
  return reads(
    (text, refuse) =>
      words.find((word) => word === text) ?? refuse(`must be one of ${words.join(', ')}`),
  );
}

/** What `reader` reads, or `value` for the text `word`. */
export function orWord<T, V>(reader: Reader<T>, word: string, value: V): Reader<T | V> {
  return reads<T | V>((text, refuse) =>
    text === word ? value : readWith(reader, text, (rule) => refuse(`${rule}, or ${word}`)),
  );
}

export function list<T>(item: Reader<T>): Reader<readonly T[]> {
  return reads((text, refuse) =>
    text
      .split(',')
      .map((part, index) =>
        readWith(item, part.trim(), (rule) => refuse(`entry ${index + 1} ${rule}`)),
      ),
  );
}

/** Fields of a user that may be opened to gateways. */
export const userFields: Reader<readonly GatewayUserField[]> = reads((text, refuse) => {
  const names = text.split(',').map((part) => part.trim());
  const known = gatewayUserFields.filter((field) => names.includes(field));
  const unknown = names.flatMap((name, index) => {
    if (known.some((field) => field === name)) return [];
    // What has not the form of a field's name could be a secret that was pasted here.
    return [/^[a-z]{1,24}$/i.test(name) ? name : `entry ${index + 1}`];
  });
  if (unknown.length === 0) return known;
  return refuse(`may hold ${gatewayUserFields.join(', ')}, and not ${unknown.join(', ')}`);
});

/** Text that matches a pattern; `form` describes the pattern in words. */
export function matching(pattern: RegExp, form: string): Reader<string> {
  return reads((text, refuse) => (pattern.test(text) ? text : refuse(form)));
}

function parseUrl(text: string, protocols: readonly string[], refuse: Refuse): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !protocols.includes(url.protocol) || url.hostname === '') {
    return refuse(
      `must be a URL that begins with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
    );
  }
  if (!isDecodable(text)) refuse('has a % that begins no escape: write %25 for the character %');
  return url;
}

/** Whether each % begins an escape, and all of them are UTF-8 (RFC 3986 2.1). */
function isDecodable(text: string): boolean {
  try {
    // Its result is used: bundlers leave out a call of it whose result is not.
    return decodeURIComponent(text) !== '' || text === '';
  } catch {
    return false;
  }
}

export const origin = reads((text, refuse) => {
  const url = parseUrl(text, ['https:', 'http:'], refuse);
  if (url.username || url.password || url.pathname !== '/' || /[?#*]/.test(text)) {
    refuse(
      'must be an origin such as https://auth.example.com, with no path, query or credentials',
    );
  }
  return url.origin;
});

export const baseUrl = reads((text, refuse) => {
  const url = parseUrl(text, ['https:', 'http:'], refuse);
  if (url.username || url.password || /[?#*]/.test(text))
    refuse('must have no query, fragment or credentials');
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
});

/** Exactly what a browser sends: a trailing slash or a capital letter would never match. */
export const exactOrigin = reads((text, refuse) => {
  const exact =
    URL.canParse(text) &&
    new URL(text).origin === text &&
    /^https?:/.test(text) &&
    !text.includes('*');
  return exact ? text : refuse('must be an exact origin such as https://app.example.com');
});

/**
 * Where a browser may be sent with a ticket, as it is compared: to the letter (ID-11). An app's own
 * scheme is the reverse of a domain, which other apps have no reason to claim (RFC 8252 7.1).
 */
export const returnUrl = reads((text, refuse) => {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isScheme = /^[a-z][a-z0-9-]*(?:\.[a-z0-9-]+)+:\/[!-~]*$/.test(text);
  if (!url || !(isScheme || /^https?:\/\/[!-~]+$/.test(text)))
    refuse('must be a URL such as https://app.example.com/signed-in or com.example.app:/signed-in');
  if (url?.username || url?.password || /[#*\\]|\.\.|%2e/i.test(text))
    refuse('must have no fragment, credentials, wildcard or ..');
  return text;
});

/** An address, or a CIDR that is not so wide as to trust a large part of the Internet (RL-5). */
export const proxy = reads((text, refuse) => {
  const [address = '', bits, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0 || (bits !== undefined && !/^\d{1,3}$/.test(bits))) {
    return refuse('must be an IP address or a CIDR; neither true nor * is');
  }
  const length = bits === undefined ? 128 : Number(bits);
  const [least, most] = version === 4 ? [8, 32] : [7, 128];
  if (bits !== undefined && (length < least || length > most))
    refuse(`must have a prefix from /${least} to /${most}`);
  return text;
});

export const hostName = reads((text, refuse) =>
  isIP(text) || /^[A-Za-z0-9]([A-Za-z0-9.-]{0,252})$/.test(text)
    ? text
    : refuse('must be an address or a host name'),
);

/** The pool of each process, as the parameters of DATABASE_URL set it. */
type DatabaseAddress = {
  /** With `sslmode` as its only parameter. */
  readonly url: string;
  readonly maxConnections: number;
  readonly prepares: boolean;
};

/** Connections of each process to each database, and whether they prepare statements. */
const poolParameters = { pool_size: whole(2, 100), prepare: onOrOff };

export const databaseUrl: Reader<DatabaseAddress> = reads((text, refuse) => {
  const { url, parameters } = readDatabaseUrl(text, Object.keys(poolParameters), refuse);
  const read = <T>(name: keyof typeof poolParameters, reader: Reader<T>, fallback: T): T => {
    const value = parameters.get(name);
    return value === null
      ? fallback
      : readWith(reader, value, (rule) => refuse(`has a ${name} that ${rule}`));
  };
  return {
    url,
    maxConnections: read('pool_size', poolParameters.pool_size, 10),
    prepares: read('prepare', poolParameters.prepare, true),
  };
});

/** Without pool parameters: those of DATABASE_URL apply to replicas too. */
export const replicaUrl = reads((text, refuse) => readDatabaseUrl(text, [], refuse).url);

const certificates =
  'use sslmode=verify-full, and NODE_EXTRA_CA_CERTS for an authority of your own';
const poolSize = 'use pool_size, the connections of each process';
const unprepared = 'use prepare=false';
const timeouts = 'leave it out: Latchkey sets its own time limits';
const schema = 'use search_path';
const inPlace = 'write it in its place: postgres://user:password@host:5432/database';

/** What to do instead of parameters that other drivers and providers put into such a URL. */
const instead: ReadonlyMap<string, string> = new Map([
  ['ssl', certificates],
  ['sslaccept', certificates],
  ['sslcert', 'leave it out: Latchkey signs in with a password'],
  ['sslidentity', 'leave it out: Latchkey signs in with a password'],
  ['sslkey', 'leave it out: Latchkey signs in with a password'],
  ['sslrootcert', certificates],
  ['sslca', certificates],
  ['rejectunauthorized', certificates],
  ['uselibpqcompat', certificates],
  ['connection_limit', poolSize],
  ['max', poolSize],
  ['pool_max_conns', poolSize],
  ['maxpoolsize', poolSize],
  ['poolsize', poolSize],
  ['pgbouncer', unprepared],
  ['no_prepare', unprepared],
  ['preparethreshold', unprepared],
  ['statement_cache_size', unprepared],
  ['statement_cache_mode', unprepared],
  ['prepared_statements', unprepared],
  ['connect_timeout', timeouts],
  ['connecttimeout', timeouts],
  ['connectiontimeout', timeouts],
  ['idle_timeout', timeouts],
  ['max_lifetime', timeouts],
  ['pool_timeout', timeouts],
  ['socket_timeout', timeouts],
  ['statement_timeout', timeouts],
  ['lock_timeout', timeouts],
  ['idle_in_transaction_session_timeout', timeouts],
  ['schema', schema],
  ['currentschema', schema],
  ['options', 'set it for the role instead: alter role NAME set PARAMETER = VALUE'],
  ['application_name', 'leave it out: connections are named latchkey'],
  ['user', inPlace],
  ['password', inPlace],
  ['dbname', inPlace],
  ['port', inPlace],
]);

/** Names a parameter that is refused, and what to do in its place. */
function parameterRule(name: string, known: readonly string[]): string {
  // SECURITY: a password with a raw `?` would be read as parameters; only words are repeated.
  if (!/^[A-Za-z][A-Za-z_]{1,39}$/.test(name))
    return 'has a parameter without a name; write ? and & of a password as %3F and %26';
  if (name in poolParameters) return `may not have ${name}: that of DATABASE_URL applies here too`;
  const remedy = instead.get(name.toLowerCase()) ?? 'leave it out';
  return `may not have the parameter ${name}: ${remedy} (taken are ${known.join(', ')})`;
}

function readDatabaseUrl(
  text: string,
  own: readonly string[],
  refuse: Refuse,
): { readonly url: string; readonly parameters: URLSearchParams } {
  const urls = hostUrls(moveSocketToHost(text)).map((one) =>
    parseUrl(one, ['postgres:', 'postgresql:'], refuse),
  );
  const sockets = urls.filter((one) => socketFolder(one) !== null);
  if (sockets.length > 0 && sockets.length < urls.length)
    refuse('must name hosts or folders of sockets, not both');
  for (const one of sockets) refuseSocketFile(one, refuse);
  const [url = parseUrl('', ['postgres:'], refuse)] = urls;
  if (url.pathname.length < 2)
    refuse('must name a database: postgres://user:password@host:5432/database');
  const parameters = new URLSearchParams(url.searchParams);
  // The driver has no channel binding, but URLs from providers ask for it. The connection always
  // goes to the primary (db/driver/find-primary.ts).
  const known = ['sslmode', 'search_path', ...own, 'channel_binding', 'target_session_attrs'];
  const other = [...parameters.keys()].find((name) => !known.includes(name));
  if (other !== undefined) refuse(parameterRule(other, ['sslmode', 'search_path', ...own]));
  const target = parameters.get('target_session_attrs') ?? 'primary';
  if (!['read-write', 'primary'].includes(target)) {
    refuse(
      'may ask for target_session_attrs=read-write or primary only: decisions need the primary',
    );
  }
  const mode = parameters.get('sslmode');
  if (mode !== null && !['disable', 'require', 'verify-ca', 'verify-full'].includes(mode)) {
    refuse('must not have an sslmode that leaves the certificate unchecked; use verify-full');
  }
  // SECURITY: the driver checks no certificate at `require`, and reads PGSSL when the URL has no
  // sslmode (TR-2).
  // As with libpq, TLS is for the network: PostgreSQL does not offer it on a socket.
  const plain = mode === 'disable' || sockets.length > 0 || (mode === null && urls.every(isLocal));
  const path = parameters.get('search_path');
  if (path !== null && !/^[\w$", -]+$/.test(path)) refuse('must name schemas by search_path');
  for (const one of urls) {
    one.search = `?sslmode=${plain ? 'disable' : 'verify-full'}`;
    // The driver sends it to the database as it begins a session.
    if (path !== null) one.searchParams.set('search_path', path);
  }
  return { url: joinHosts(urls.map(({ href }) => href)), parameters };
}

export const smtpUrl = reads((text, refuse) => {
  const url = parseUrl(text, ['smtp:', 'smtps:'], refuse);
  if (url.search || url.hash || !['', '/'].includes(url.pathname))
    refuse('must have no path and no parameters');
  return text;
});

export const mailFrom: Reader<Sender> = reads(
  (text, refuse) =>
    parseSender(text) ??
    refuse('must be one address, bare or as "Name, Inc." <no-reply@example.com>'),
);

/** What users read in mails and in their authenticator app. */
export const productName: Reader<string> = reads((text, refuse) => {
  const name = text.normalize('NFC');
  if (/^(["']).*\1$/u.test(name)) refuse('has quotes around it, which would be part of the name');
  if (/(?![\u200c\u200d])[\p{C}\p{Zl}\p{Zp}]/u.test(name))
    refuse('must have no control characters and no marks of the writing direction');
  if (Array.from(name).length > 50 || !/[\p{L}\p{N}]/u.test(name))
    refuse('must have 1 to 50 characters, with a letter or a digit among them');
  return name;
});

const placeholder = new RegExp(
  ['change[-_ ]?me|replace|secret|password|example|placeholder|default|insecure']
    .concat('latchkey|letmein|qwerty|your[-_ ]|x{6}')
    .join('|'),
  'i',
);

/** SECURITY: finds placeholders and patterns; it does not measure randomness (CF-2). */
function refuseWeak(bytes: Uint8Array, fewest: number, refuse: Refuse): void {
  if (placeholder.test(Buffer.from(bytes).toString('latin1'))) refuse('looks like a placeholder');
  const steps = new Map<number, number>();
  let period = bytes.length;
  for (let length = 1; length <= bytes.length / 2; length += 1) {
    if (bytes.every((byte, index) => index < length || byte === bytes[index - length]))
      period = Math.min(period, length);
  }
  bytes.forEach((byte, index) => {
    if (index === 0) return;
    const step = (byte - (bytes[index - 1] ?? 0)) & 255;
    steps.set(step, (steps.get(step) ?? 0) + 1);
  });
  const isSequence = Math.max(...steps.values()) > bytes.length / 2;
  if (new Set(bytes).size < fewest || period < bytes.length || isSequence)
    refuse('is not random: make another');
}

export const secretKey: Reader<Uint8Array> = reads((text, refuse) => {
  if (placeholder.test(text)) refuse('looks like a placeholder');
  const isHex = /^(?:[0-9a-f]{2})+$/i.test(text);
  if (!isHex && !/^[A-Za-z0-9+/_-]+={0,2}$/.test(text))
    refuse('must be base64 or hex, as from: openssl rand -base64 32');
  const bytes = new Uint8Array(Buffer.from(text, isHex ? 'hex' : 'base64'));
  if (bytes.length < 32 || bytes.length > 1024)
    refuse('must hold at least 32 bytes, as from: openssl rand -base64 32');
  refuseWeak(bytes, 12, refuse);
  return bytes;
});

export const bearer = reads((text, refuse) => {
  if (!/^[\x21-\x7e]{32,512}$/.test(text)) refuse('must have 32 to 512 visible ASCII characters');
  refuseWeak(Buffer.from(text), 8, refuse);
  return text;
});

export const apiKey = reads((text, refuse) => {
  if (!/^[\x21-\x7e]{8,512}$/.test(text)) refuse('must have 8 to 512 visible ASCII characters');
  if (placeholder.test(text)) refuse('looks like a placeholder');
  return text;
});

export const multiplier = reads((text, refuse) => {
  const value = /^\d{1,5}(\.\d{1,3})?$/.test(text) ? Number(text) : 0;
  return value > 0 && value <= 10_000 ? value : refuse('must be a number over 0 and up to 10000');
});

export const rateLimits: Reader<BudgetOverrides> = reads((text, refuse) => {
  const overrides: Partial<Record<BudgetName, Budget>> = {};
  text.split(',').forEach((part, index) => {
    const [name = '', rule = ''] = part.trim().split('=');
    assertBudget(name, `entry ${index + 1} names no budget, such as login:account=10/15m`, refuse);
    if (name in overrides) refuse(`entry ${index + 1} names a budget a second time`);
    overrides[name] = readBudget(rule, (problem) => refuse(`entry ${index + 1} ${problem}`));
  });
  return overrides;
});

function assertBudget(name: string, rule: string, refuse: Refuse): asserts name is BudgetName {
  if (!isBudgetName(name)) refuse(rule);
}

/**
 * `10/15m`: ten in a quarter of an hour. `10/15m/5/10s`: the same, and after the fifth the next
 * waits 10 s, then twice as long each time.
 */
function readBudget(rule: string, refuse: Refuse): Budget {
  const [limit = '', window = '', after, first = '', ...rest] = rule.split('/');
  const count = (text: string): number => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : 0;
    return value >= 1 ? value : refuse('must have a limit of 1 or more');
  };
  const seconds = (text: string): number => readWith(duration('1s', '3650d'), text, refuse);
  if (rest.length > 0) refuse('must be like 10/15m or 10/15m/5/10s');
  const base = { limit: count(limit), window: seconds(window) };
  return after === undefined
    ? base
    : { ...base, delay: { after: count(after), firstSeconds: seconds(first) } };
}

export const filePath = reads((text, refuse) =>
  /\p{Cc}/u.test(text) ? refuse('must be a path') : text,
);

export const folder = reads((text, refuse) => {
  if (/\p{Cc}/u.test(text)) return refuse('must be a path');
  const isFolder = statSync(text, { throwIfNoEntry: false })?.isDirectory() ?? false;
  return isFolder ? text : refuse('must name a folder that is there');
});

function isLocal(url: URL): boolean {
  return isLoopback(url.hostname) || socketFolder(url) !== null;
}

/** The folder is asked for, as by libpq; other drivers take the file in it. */
function refuseSocketFile(url: URL, refuse: Refuse): void {
  const folder = socketFolder(url);
  if (folder === null) return;
  if (/\.s\.PGSQL\.\d+$/.test(folder) || !folder.startsWith('/') || /\p{Cc}/u.test(folder))
    refuse('must name the folder of the socket, such as host=/run/postgresql, not the file in it');
}

function isLoopback(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase();
  return (
    host === 'localhost' ||
    host.endsWith('.localhost') ||
    host === '::1' ||
    (isIPv4(host) && host.startsWith('127.'))
  );
}

export function isHttpsOrLoopback(text: string): boolean {
  const url = new URL(text);
  return url.protocol === 'https:' || isLoopback(url.hostname);
}

/** Whether a URL read by `databaseUrl` or `replicaUrl` has no TLS to another machine. */
export function isPlainAndRemote(text: string): boolean {
  return hostUrls(text)
    .map((one) => new URL(one))
    .some((url) => url.searchParams.get('sslmode') === 'disable' && !isLocal(url));
}
