import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { isIP, isIPv4 } from 'node:net';
import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { hostUrls, joinHosts } from '../db/driver/host-urls.ts';
import {
  type Budget,
  type BudgetName,
  type BudgetOverrides,
  isBudgetName,
} from '../domain/rate-limits/budgets.ts';
import { assertSingleMailbox } from '../mail/assert-single-mailbox.ts';

export type JwtAlgorithm = 'RS256' | 'ES256' | 'EdDSA' | 'HS256';
export type MailSettings =
  | { readonly transport: 'mailbox' }
  | {
      readonly transport: 'resend';
      readonly apiKey: string;
      readonly baseUrl: string | null;
      readonly from: string;
    }
  | { readonly transport: 'smtp'; readonly url: string; readonly from: string };

export type TracingSettings = {
  /** The URL that spans are posted to. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly serviceName: string;
};

export type Retention = {
  /** Accounts whose address nobody has proved, from their registration. */
  readonly unverifiedAccounts: number;
  /** Sessions, from their latest possible end. */
  readonly sessions: number;
  /** Challenges and tokens of links, from their expiry; mails, from when they were made. */
  readonly codes: number;
  /** Client addresses and User-Agents of the audit trail, in full. */
  readonly addresses: number;
};

/** The configuration as the rest of the code sees it. Durations are whole seconds. */
export type Config = {
  readonly mode: 'production' | 'development';
  /** Null: the embedded database under dataDirectory (development only). */
  readonly databaseUrl: string | null;
  readonly databaseReplicaUrls: readonly string[];
  /** Connections of each process to each database, at most. */
  readonly databaseMaxConnections: number;
  /** Whether statements are parsed and planned once a connection. */
  readonly databasePreparedStatements: boolean;
  /** Where development keeps its database, secrets and mailbox. */
  readonly dataDirectory: string;
  /** The current SECRET_KEY first, then the previous one where set; raw bytes. */
  readonly secretKeys: readonly Uint8Array[];
  /** An origin, no trailing slash. */
  readonly publicUrl: string;
  readonly appUrl: string;
  readonly jwt: {
    readonly algorithm: JwtAlgorithm;
    readonly audience: string;
    readonly type: 'JWT' | 'at+jwt';
  };
  readonly accessTokenTtl: number;
  readonly sessionIdleTtl: number;
  readonly sessionAbsoluteTtl: number;
  readonly refreshGrace: number;
  /** Living sessions that a user may have. */
  readonly sessionLimit: number;
  /** The age at which the signing key is replaced; null: by `latchkey keys rotate` alone. */
  readonly signingKeyRotation: number | null;
  readonly bcryptCost: number;
  /** Password hashes at once in one process; null where the machine decides. */
  readonly bcryptConcurrency: number | null;
  /** Threads of libuv's pool, in which hashes are made. */
  readonly threadPoolSize: number;
  readonly passwordMinLength: number;
  readonly mail: MailSettings;
  /** The operator's own mail templates; null: ours alone. */
  readonly mailTemplatesDirectory: string | null;
  /** How long what is over is kept, in seconds. */
  readonly retention: Retention;
  readonly corsOrigins: readonly string[];
  /** Paths of PEM files; null where a proxy in front holds the certificate. */
  readonly tls: { readonly certFile: string; readonly keyFile: string } | null;
  readonly trustedProxies: readonly string[];
  readonly gatewayToken: string | null;
  readonly rateLimitMultiplier: number;
  /** Budgets that are other than the code has them. */
  readonly rateLimits: BudgetOverrides;
  readonly introspection: boolean;
  readonly graphiql: boolean;
  readonly registration: 'open' | 'invite';
  readonly workers: number;
  readonly host: string;
  readonly port: number;
  readonly metricsPort: number | null;
  /** Where traces go; null: nowhere, and nothing of OpenTelemetry is loaded. */
  readonly tracing: TracingSettings | null;
  /**
   * Seconds between a signal to stop and the closing of the listener, while readiness says no
   * already.
   */
  readonly shutdownDelay: number;
  /** Seconds after a signal to stop by which the process has ended, whatever it is at. */
  readonly shutdownDeadline: number;
  readonly logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';
  readonly migrateOnStart: boolean;
};

export type Environment = Readonly<Record<string, string | undefined>>;

/** Everything that is wrong with the configuration, a line `NAME: rule` for each; never a value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
  }
}

/** What development uses where the environment is silent. */
export type DevelopmentSecrets = { readonly secretKey: string; readonly gatewayToken: string };

type Entry<T> = {
  readonly name: string;
  readonly doc: string;
  /** The default as a person reads it. */
  readonly shown: string;
  /** The default as it would stand in the environment. */
  readonly fallback?: string;
  /** Reads text that is not empty. SECURITY: no message may hold the text. */
  readonly schema: z.ZodType<T, string>;
  /** Can also come from the file that NAME_FILE names, and shows as `***`. */
  readonly secret?: true;
};

type Refuse = (rule: string) => never;

function reads<T>(read: (text: string, refuse: Refuse) => T): z.ZodType<T, string> {
  return z.string().transform((text, context) => {
    const refuse: Refuse = (rule) => {
      throw new Refusal(rule);
    };
    try {
      return read(text, refuse);
    } catch (error) {
      // SECURITY: what a parser throws can quote its input.
      context.addIssue({
        code: 'custom',
        message: error instanceof Refusal ? error.message : 'is not valid',
      });
      return z.NEVER;
    }
  });
}

class Refusal extends Error {}

const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** `15m`, `20s`, `14d` as seconds. */
function duration(least: string, most: string): z.ZodType<number, string> {
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

function whole(least: number, most: number): z.ZodType<number, string> {
  return reads((text, refuse) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= least && value <= most))
      refuse(`must be a whole number from ${least} to ${most}`);
    return value;
  });
}

const onOrOff = reads((text, refuse) => {
  if (text === 'on' || text === 'true') return true;
  if (text === 'off' || text === 'false') return false;
  return refuse('must be on, off, true or false');
});

function oneOf<const T extends string>(...words: readonly T[]): z.ZodType<T, string> {
  return reads(
    (text, refuse) =>
      words.find((word) => word === text) ?? refuse(`must be one of ${words.join(', ')}`),
  );
}

function list<T>(item: z.ZodType<T, string>): z.ZodType<readonly T[], string> {
  return reads((text, refuse) =>
    text.split(',').map((part, index) => {
      const result = item.safeParse(part.trim());
      return result.success ? result.data : refuse(`entry ${index + 1} ${ruleOf(result.error)}`);
    }),
  );
}

function ruleOf(error: z.ZodError): string {
  return error.issues[0]?.message ?? 'is not valid';
}

function parseUrl(text: string, protocols: readonly string[], refuse: Refuse): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !protocols.includes(url.protocol) || url.hostname === '') {
    return refuse(
      `must be a URL that begins with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
    );
  }
  return url;
}

const origin = reads((text, refuse) => {
  const url = parseUrl(text, ['https:', 'http:'], refuse);
  if (url.username || url.password || url.pathname !== '/' || /[?#*]/.test(text)) {
    refuse(
      'must be an origin such as https://auth.example.com, with no path, query or credentials',
    );
  }
  return url.origin;
});

const baseUrl = reads((text, refuse) => {
  const url = parseUrl(text, ['https:', 'http:'], refuse);
  if (url.username || url.password || /[?#*]/.test(text))
    refuse('must have no query, fragment or credentials');
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
});

/** What a browser sends, letter for letter: a trailing slash or a capital would never match. */
const exactOrigin = reads((text, refuse) => {
  const exact =
    URL.canParse(text) &&
    new URL(text).origin === text &&
    /^https?:/.test(text) &&
    !text.includes('*');
  return exact ? text : refuse('must be an exact origin such as https://app.example.com');
});

/** An address or a CIDR, not so wide that it trusts a good part of the Internet (RL-5). */
const proxy = reads((text, refuse) => {
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

const databaseUrl = reads((text, refuse) => {
  const urls = hostUrls(text).map((one) => parseUrl(one, ['postgres:', 'postgresql:'], refuse));
  const [url = parseUrl('', ['postgres:'], refuse)] = urls;
  if (url.pathname.length < 2)
    refuse('must name a database: postgres://user:password@host:5432/database');
  const mode = url.searchParams.get('sslmode');
  for (const name of url.searchParams.keys()) {
    // The driver has no channel binding; addresses that providers hand out ask for it.
    if (name === 'channel_binding' || name === 'sslmode') continue;
    // Said or not, the host that takes writes is the one that is connected to
    // (db/driver/find-primary.ts).
    if (name === 'target_session_attrs') continue;
    refuse(
      'may have sslmode as its only parameter; further authorities are named by NODE_EXTRA_CA_CERTS',
    );
  }
  if (
    !['read-write', 'primary'].includes(url.searchParams.get('target_session_attrs') ?? 'primary')
  ) {
    refuse(
      'may ask for target_session_attrs=read-write or primary only: everything is decided on the primary',
    );
  }
  if (mode !== null && !['disable', 'require', 'verify-ca', 'verify-full'].includes(mode)) {
    refuse('must not have an sslmode that leaves the certificate unchecked; use verify-full');
  }
  // SECURITY: the driver checks no certificate at `require`, and reads PGSSL where the URL is
  // silent (TR-2).
  const plain =
    mode === 'disable' || (mode === null && urls.every(({ hostname }) => isLoopback(hostname)));
  for (const one of urls) one.search = `?sslmode=${plain ? 'disable' : 'verify-full'}`;
  return joinHosts(urls.map(({ href }) => href));
});

const smtpUrl = reads((text, refuse) => {
  const url = parseUrl(text, ['smtp:', 'smtps:'], refuse);
  if (url.search || url.hash || !['', '/'].includes(url.pathname))
    refuse('must have no path and no parameters');
  return text;
});

const mailFrom = reads((text, refuse) => {
  const [, , bracketed] = /^([^<>"\\,;:@\p{Cc}]{0,64})<([^<>]+)>$/u.exec(text) ?? [];
  try {
    assertSingleMailbox(bracketed ?? text);
  } catch {
    refuse('must be one address, bare or as Name <no-reply@example.com>');
  }
  return text;
});

const placeholder =
  /change[-_ ]?me|replace|secret|password|example|placeholder|default|insecure|latchkey|letmein|qwerty|your[-_ ]|x{6}/i;

/** SECURITY: what people leave in by mistake, not a measure of randomness (CF-2). */
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

const secretKey = reads((text, refuse) => {
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

const bearer = reads((text, refuse) => {
  if (!/^[\x21-\x7e]{32,512}$/.test(text)) refuse('must have 32 to 512 visible ASCII characters');
  refuseWeak(Buffer.from(text), 8, refuse);
  return text;
});

const apiKey = reads((text, refuse) => {
  if (!/^[\x21-\x7e]{8,512}$/.test(text)) refuse('must have 8 to 512 visible ASCII characters');
  if (placeholder.test(text)) refuse('looks like a placeholder');
  return text;
});

function entry<T>(options: Entry<T>): Entry<T> {
  return options;
}

function assertBudget(name: string, rule: string, refuse: Refuse): asserts name is BudgetName {
  if (!isBudgetName(name)) refuse(rule);
}

const rateLimits = reads((text, refuse) => {
  const overrides: Partial<Record<BudgetName, Budget>> = {};
  text.split(',').forEach((part, index) => {
    const [name = '', rule = ''] = part.trim().split('=');
    assertBudget(name, `entry ${index + 1} names no budget, such as login:account=10/15m`, refuse);
    if (name in overrides) refuse(`entry ${index + 1} names a budget a second time`);
    overrides[name] = readBudget(rule, (problem) => refuse(`entry ${index + 1} ${problem}`));
  });
  return overrides;
});

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
  const seconds = (text: string): number => {
    const result = duration('1s', '3650d').safeParse(text);
    return result.success ? result.data : refuse(ruleOf(result.error));
  };
  if (rest.length > 0) refuse('must be like 10/15m or 10/15m/5/10s');
  const base = { limit: count(limit), window: seconds(window) };
  return after === undefined
    ? base
    : { ...base, delay: { after: count(after), firstSeconds: seconds(first) } };
}

const filePath = reads((text, refuse) => (/\p{Cc}/u.test(text) ? refuse('must be a path') : text));

/** Every variable. `.env.example` and docs/operations.md are held against it by a test. */
const collectorUrl = reads((text, refuse) => {
  const url = parseUrl(text, ['https:', 'http:'], refuse);
  if (url.username || url.password || /[?#]/.test(text)) {
    refuse(
      'must be a URL without query and credentials; a key goes into OTEL_EXPORTER_OTLP_HEADERS',
    );
  }
  return url.href.replace(/\/+$/, '');
});

const collectorHeaders = reads((text, refuse) =>
  Object.fromEntries(
    text.split(',').map((pair, index) => {
      const [, name, value] = /^\s*([\w-]{1,100})\s*=\s*([\x21-\x7e]{1,4096})\s*$/.exec(pair) ?? [];
      if (name === undefined || value === undefined)
        return refuse(`entry ${index + 1} must be name=value`);
      return [name, decodeURIComponent(value)];
    }),
  ),
);

export const entries = {
  databaseUrl: entry({
    name: 'DATABASE_URL',
    doc: 'PostgreSQL: `postgres://user:password@host:5432/database`, or several hosts, `host:5432,other:5432`, of which the primary is found. Under TLS with a checked certificate unless the host is this machine, or `?sslmode=disable` says otherwise.',
    shown: 'development: embedded; production: required',
    schema: databaseUrl,
    secret: true,
  }),
  databaseReplicaUrls: entry({
    name: 'DATABASE_REPLICA_URLS',
    doc: 'Read replicas, separated by commas, for reads that may lag.',
    shown: 'none',
    schema: list(databaseUrl),
    secret: true,
  }),
  databaseMaxConnections: entry({
    name: 'DATABASE_MAX_CONNECTIONS',
    doc: 'Connections of each process to each database, 2 to 100.',
    shown: '10',
    fallback: '10',
    schema: whole(2, 100),
  }),
  databasePreparedStatements: entry({
    name: 'DATABASE_PREPARED_STATEMENTS',
    doc: 'Whether statements are prepared once a connection: `false` behind a pooler in transaction mode that cannot follow them.',
    shown: 'true',
    fallback: 'true',
    schema: onOrOff,
  }),
  allowInsecureDatabase: entry({
    name: 'ALLOW_INSECURE_DATABASE',
    doc: 'Acknowledges `?sslmode=disable` to another machine in production: the network between must be trusted.',
    shown: 'false',
    fallback: 'false',
    schema: onOrOff,
  }),
  secretKey: entry({
    name: 'SECRET_KEY',
    doc: 'At least 32 random bytes in base64 or hex, as from `openssl rand -base64 32`; the key of each purpose is derived from it.',
    shown: 'development: made at the first start; production: required',
    schema: secretKey,
    secret: true,
  }),
  secretKeyPrevious: entry({
    name: 'SECRET_KEY_PREVIOUS',
    doc: 'The SECRET_KEY before this one, while rotating.',
    shown: 'none',
    schema: secretKey,
    secret: true,
  }),
  publicUrl: entry({
    name: 'PUBLIC_URL',
    doc: 'The origin of this server as others see it: issuer of tokens and base of our own links. https in production.',
    shown: 'development: `http://localhost:PORT`; production: required',
    schema: origin,
  }),
  appUrl: entry({
    name: 'APP_URL',
    doc: 'The web app that the links in mails open.',
    shown: 'PUBLIC_URL',
    schema: baseUrl,
  }),
  jwtAlgorithm: entry({
    name: 'JWT_ALGORITHM',
    doc: 'Signs access tokens: `RS256`, `ES256`, `EdDSA` or `HS256`. Every gateway takes RS256.',
    shown: 'RS256',
    fallback: 'RS256',
    schema: oneOf('RS256', 'ES256', 'EdDSA', 'HS256'),
  }),
  jwtAudience: entry({
    name: 'JWT_AUDIENCE',
    doc: 'The `aud` of access tokens.',
    shown: 'PUBLIC_URL',
    schema: reads((text, refuse) =>
      /^[\x21-\x7e]{1,255}$/.test(text)
        ? text
        : refuse('must have 1 to 255 visible ASCII characters'),
    ),
  }),
  jwtType: entry({
    name: 'JWT_TYPE',
    doc: 'The `typ` of access tokens: `JWT`, or `at+jwt` (RFC 9068) where every verifier takes it.',
    shown: 'JWT',
    fallback: 'JWT',
    schema: oneOf('JWT', 'at+jwt'),
  }),
  accessTokenTtl: entry({
    name: 'ACCESS_TOKEN_TTL',
    doc: 'How long an access token lives, 1m to 60m.',
    shown: '15m',
    fallback: '15m',
    schema: duration('1m', '60m'),
  }),
  sessionIdleTtl: entry({
    name: 'SESSION_IDLE_TTL',
    doc: 'A session ends when it was not refreshed for so long, 5m to 365d.',
    shown: '14d',
    fallback: '14d',
    schema: duration('5m', '365d'),
  }),
  sessionAbsoluteTtl: entry({
    name: 'SESSION_ABSOLUTE_TTL',
    doc: 'A session ends so long after the sign-in, whatever happens, 5m to 365d.',
    shown: '30d',
    fallback: '30d',
    schema: duration('5m', '365d'),
  }),
  refreshGrace: entry({
    name: 'REFRESH_GRACE',
    doc: 'For so long a refresh token that was just used gives the same successor again, 0s to 60s.',
    shown: '20s',
    fallback: '20s',
    schema: duration('0s', '60s'),
  }),
  sessionLimit: entry({
    name: 'SESSION_LIMIT',
    doc: 'Sessions that a user may have at a time, 1 to 500; a further sign-in ends the one that was used least recently.',
    shown: '100',
    fallback: '100',
    schema: whole(1, 500),
  }),
  signingKeyRotation: entry({
    name: 'SIGNING_KEY_ROTATION',
    doc: 'The age at which a running server replaces the key that signs access tokens, 1d to 3650d; `off`: only `latchkey keys rotate` does.',
    shown: '90d',
    fallback: '90d',
    schema: reads((text, refuse) => {
      if (text === 'off') return null;
      const result = duration('1d', '3650d').safeParse(text);
      return result.success ? result.data : refuse(`${ruleOf(result.error)}, or off`);
    }),
  }),
  bcryptCost: entry({
    name: 'BCRYPT_COST',
    doc: 'The work of one password hash, 10 to 15: one more doubles it.',
    shown: '12',
    fallback: '12',
    schema: whole(10, 15),
  }),
  bcryptConcurrency: entry({
    name: 'BCRYPT_CONCURRENCY',
    doc: 'Password hashes at once in one process, 1 to 256: more make no more of them than there are cores, and slow everything else. `auto`: a core is left free, and `WORKERS` share the rest.',
    shown: 'auto',
    fallback: 'auto',
    schema: reads((text, refuse) => {
      if (text === 'auto') return null;
      const value = /^\d{1,3}$/.test(text) ? Number(text) : 0;
      return value >= 1 && value <= 256
        ? value
        : refuse('must be a whole number from 1 to 256, or auto');
    }),
  }),
  threadPoolSize: entry({
    name: 'UV_THREADPOOL_SIZE',
    doc: "Node's own: threads for hashes, files and names of hosts, 1 to 1024. Hashes leave one of them free, so more than three at once take a larger pool. Set it in the environment of the process: in a `.env` file it comes too late, and counts for nothing.",
    shown: '4',
    fallback: '4',
    schema: whole(1, 1024),
  }),
  passwordMinLength: entry({
    name: 'PASSWORD_MIN_LENGTH',
    doc: 'Characters that a password needs at least, 8 to 128. NIST asks for 15 where a password is the only factor.',
    shown: '8',
    fallback: '8',
    schema: whole(8, 128),
  }),
  mailTransport: entry({
    name: 'MAIL_TRANSPORT',
    doc: 'How mail leaves: `resend`, `smtp`, or in development `mailbox`, a page at `/dev/mailbox`.',
    shown: 'development: `mailbox`; production: required',
    schema: oneOf('resend', 'smtp', 'mailbox'),
  }),
  resendApiKey: entry({
    name: 'RESEND_API_KEY',
    doc: 'For `resend`: the key, allowed to send only.',
    shown: 'none',
    schema: apiKey,
    secret: true,
  }),
  resendBaseUrl: entry({
    name: 'RESEND_BASE_URL',
    doc: 'For `resend`: another origin in place of the provider, such as a relay.',
    shown: 'the provider',
    schema: origin,
  }),
  smtpUrl: entry({
    name: 'SMTP_URL',
    doc: 'For `smtp`: `smtps://user:password@host:465`, or `smtp://…:587` with STARTTLS, which is required unless the host is this machine.',
    shown: 'none',
    schema: smtpUrl,
    secret: true,
  }),
  mailFrom: entry({
    name: 'MAIL_FROM',
    doc: 'For `resend` and `smtp`: the sender, such as `Latchkey <no-reply@example.com>`.',
    shown: 'none',
    schema: mailFrom,
  }),
  mailTemplatesDirectory: entry({
    name: 'MAIL_TEMPLATES_DIR',
    doc: 'A folder with mail templates of your own, such as `de/password-reset.liquid`; what is not there is ours. Checked at start.',
    shown: 'none',
    schema: reads((text, refuse) => {
      if (/\p{Cc}/u.test(text)) return refuse('must be a path');
      const isFolder = statSync(text, { throwIfNoEntry: false })?.isDirectory() ?? false;
      return isFolder ? text : refuse('must name a folder that is there');
    }),
  }),
  retentionUnverified: entry({
    name: 'RETENTION_UNVERIFIED_ACCOUNTS',
    doc: 'Accounts whose address nobody has proved are removed so long after the registration, 1d to 30d.',
    shown: '7d',
    fallback: '7d',
    schema: duration('1d', '30d'),
  }),
  retentionSessions: entry({
    name: 'RETENTION_SESSIONS',
    doc: 'Sessions are removed so long after the day on which they had to end at the latest, 1d to 365d.',
    shown: '7d',
    fallback: '7d',
    schema: duration('1d', '365d'),
  }),
  retentionCodes: entry({
    name: 'RETENTION_CODES',
    doc: 'Codes, links and the records of mails that are over are removed after so long, 1d to 90d.',
    shown: '3d',
    fallback: '3d',
    schema: duration('1d', '90d'),
  }),
  retentionAddresses: entry({
    name: 'RETENTION_ADDRESSES',
    doc: 'Client addresses and User-Agents in the audit trail are made coarse after so long, 1d to 365d.',
    shown: '30d',
    fallback: '30d',
    schema: duration('1d', '365d'),
  }),
  corsOrigins: entry({
    name: 'CORS_ORIGINS',
    doc: 'Origins of browser apps that may call with credentials, separated by commas, each exact.',
    shown: 'none',
    schema: list(exactOrigin),
  }),
  trustedProxies: entry({
    name: 'TRUSTED_PROXIES',
    doc: 'Addresses or CIDRs of the proxies whose X-Forwarded-For is believed, separated by commas.',
    shown: 'none',
    schema: list(proxy),
  }),
  tlsCertFile: entry({
    name: 'TLS_CERT_FILE',
    doc: 'For a server that holds its own certificate: the PEM file with it and its chain. Read again when it changes.',
    shown: 'none',
    schema: filePath,
  }),
  tlsKeyFile: entry({
    name: 'TLS_KEY_FILE',
    doc: 'The PEM file with the private key of TLS_CERT_FILE.',
    shown: 'none',
    schema: filePath,
  }),
  gatewayToken: entry({
    name: 'GATEWAY_TOKEN',
    doc: 'The service credential of gateways, 32 characters or more, as from `openssl rand -hex 32`. Without it their fields refuse everyone but administrators.',
    shown: 'development: made at the first start; production: none',
    schema: bearer,
    secret: true,
  }),
  rateLimitMultiplier: entry({
    name: 'RATE_LIMIT_MULTIPLIER',
    doc: 'Multiplies every budget of attempts, for load tests; over 0, up to 10000. A value over 10 in production is warned of at start.',
    shown: '1',
    fallback: '1',
    schema: reads((text, refuse) => {
      const value = /^\d{1,5}(\.\d{1,3})?$/.test(text) ? Number(text) : 0;
      return value > 0 && value <= 10_000
        ? value
        : refuse('must be a number over 0 and up to 10000');
    }),
  }),
  rateLimits: entry({
    name: 'RATE_LIMITS',
    doc: 'Single budgets other than docs/security.md has them, separated by commas: `login:account=10/15m/5/10s,mail:day=500/1d`.',
    shown: 'none',
    schema: rateLimits,
  }),
  introspection: entry({
    name: 'INTROSPECTION',
    doc: 'Whether clients may ask for the schema: `on` or `off`.',
    shown: 'development: on; production: off',
    schema: onOrOff,
  }),
  graphiql: entry({
    name: 'GRAPHIQL',
    doc: 'Whether `/` shows GraphiQL: `on` or `off`; refused in production.',
    shown: 'development: on; production: off',
    schema: onOrOff,
  }),
  registration: entry({
    name: 'REGISTRATION',
    doc: 'Who may register: `open` or `invite`.',
    shown: 'open',
    fallback: 'open',
    schema: oneOf('open', 'invite'),
  }),
  workers: entry({
    name: 'WORKERS',
    doc: 'Processes that share the port, 1 to 256; `max` is one for each core.',
    shown: '1',
    fallback: '1',
    schema: reads((text, refuse) => {
      const value =
        text === 'max' ? availableParallelism() : /^\d{1,3}$/.test(text) ? Number(text) : 0;
      return value >= 1 && value <= 256
        ? value
        : refuse('must be a whole number from 1 to 256, or max');
    }),
  }),
  host: entry({
    name: 'HOST',
    doc: 'The address to listen on.',
    shown: '0.0.0.0',
    fallback: '0.0.0.0',
    schema: reads((text, refuse) =>
      isIP(text) || /^[A-Za-z0-9]([A-Za-z0-9.-]{0,252})$/.test(text)
        ? text
        : refuse('must be an address or a host name'),
    ),
  }),
  port: entry({
    name: 'PORT',
    doc: 'The port to listen on.',
    shown: '4000',
    fallback: '4000',
    schema: whole(1, 65_535),
  }),
  metricsPort: entry({
    name: 'METRICS_PORT',
    doc: 'The port of `/metrics`, which is never on the public one; `off` for none.',
    shown: 'off',
    fallback: 'off',
    schema: reads((text, refuse) => {
      if (text === 'off') return null;
      const result = whole(1, 65_535).safeParse(text);
      return result.success
        ? result.data
        : refuse('must be a whole number from 1 to 65535, or off');
    }),
  }),
  otlpEndpoint: entry({
    name: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    doc: 'A collector that takes OTLP over HTTP, such as `http://collector:4318`; traces go to its `/v1/traces`. Set, it turns tracing on.',
    shown: 'none',
    schema: collectorUrl,
  }),
  otlpTracesEndpoint: entry({
    name: 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
    doc: 'The same with its path, where traces go somewhere else.',
    shown: 'none',
    schema: collectorUrl,
  }),
  otlpHeaders: entry({
    name: 'OTEL_EXPORTER_OTLP_HEADERS',
    doc: 'Headers for the collector, such as its key: `name=value`, separated by commas, each value percent-encoded.',
    shown: 'none',
    schema: collectorHeaders,
    secret: true,
  }),
  otlpProtocol: entry({
    name: 'OTEL_EXPORTER_OTLP_PROTOCOL',
    doc: 'Spans are sent as JSON over HTTP, which every collector takes that takes `http/protobuf`: `http/json` or `http/protobuf`.',
    shown: 'http/json',
    fallback: 'http/json',
    schema: oneOf('http/json', 'http/protobuf'),
  }),
  tracesExporter: entry({
    name: 'OTEL_TRACES_EXPORTER',
    doc: '`otlp`, or `none` for no traces although a collector is named.',
    shown: 'otlp',
    fallback: 'otlp',
    schema: oneOf('otlp', 'none'),
  }),
  telemetryDisabled: entry({
    name: 'OTEL_SDK_DISABLED',
    doc: '`true` turns tracing off, whatever else is set.',
    shown: 'false',
    fallback: 'false',
    schema: onOrOff,
  }),
  serviceName: entry({
    name: 'OTEL_SERVICE_NAME',
    doc: 'The name of this service in traces.',
    shown: 'latchkey',
    fallback: 'latchkey',
    schema: reads((text, refuse) =>
      /^[\x20-\x7e]{1,100}$/.test(text)
        ? text
        : refuse('must have 1 to 100 printable ASCII characters'),
    ),
  }),
  shutdownDelay: entry({
    name: 'SHUTDOWN_DELAY',
    doc: 'After SIGTERM, `/readyz` says 503 for so long before the listener closes, so that balancers have turned away by then, 0s to 5m.',
    shown: 'development: 0s; production: 3s',
    schema: duration('0s', '5m'),
  }),
  shutdownDeadline: entry({
    name: 'SHUTDOWN_DEADLINE',
    doc: 'So long after the signal the process ends, whatever it is still at, 1s to 10m. Give your orchestrator a little more.',
    shown: '25s',
    fallback: '25s',
    schema: duration('1s', '10m'),
  }),
  logLevel: entry({
    name: 'LOG_LEVEL',
    doc: 'The least that is logged: `fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`.',
    shown: 'info',
    fallback: 'info',
    schema: oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'),
  }),
  migrateOnStart: entry({
    name: 'MIGRATE_ON_START',
    doc: 'Whether a starting server applies the migrations that are missing; else run `latchkey migrate` first.',
    shown: 'true',
    fallback: 'true',
    schema: onOrOff,
  }),
  dataDirectory: entry({
    name: 'DATA_DIR',
    doc: 'Development only: the folder of the embedded database, the secrets and the mailbox.',
    shown: '.data',
    fallback: '.data',
    schema: reads((text, refuse) => (/\p{Cc}/u.test(text) ? refuse('must be a path') : text)),
  }),
};

/** The environment of this process. The only place that reads it. */
export function environment(): Environment {
  return process.env;
}

/**
 * Adds the variables of a file such as `.env` to the environment; what is set there already stays.
 * Throws where it cannot be read. The size of libuv's pool is left out: the pool is there by now,
 * and hashes would be let in for threads that are not (AV-1).
 */
export function loadEnvironmentFile(path: string): void {
  const { name } = entries.threadPoolSize;
  const poolSize = process.env[name];
  process.loadEnvFile(path);
  if (poolSize === undefined) delete process.env[name];
}

type Options = {
  /**
   * Comes from the command. SECURITY: never from NODE_ENV, so that an unset one cannot open
   * anything (CF-5).
   */
  readonly mode: Config['mode'];
  /** Asked in development where SECRET_KEY or GATEWAY_TOKEN is not set. */
  readonly developmentSecrets?: (dataDirectory: string) => DevelopmentSecrets;
};

/**
 * The configuration from the environment. Throws one ConfigError with everything that is missing,
 * wrong or weak.
 */
export function readConfig(env: Environment, options: Options): Config {
  const problems: string[] = [];
  const production = options.mode === 'production';
  const refuse = (of: { readonly name: string }, rule: string): void => {
    problems.push(`${of.name}: ${rule}`);
  };

  const given = (name: string): string | undefined => env[name]?.trim() || undefined;
  const textOf = (of: Entry<unknown>): string | undefined => {
    const text = given(of.name);
    const file = of.secret ? given(`${of.name}_FILE`) : undefined;
    if (file === undefined) return text;
    if (text !== undefined) refuse(of, `is set, and so is ${of.name}_FILE; keep one`);
    try {
      const content = readFileSync(file, 'utf8').trim();
      if (content === '') refuse({ name: `${of.name}_FILE` }, 'names an empty file');
      return content || undefined;
    } catch {
      refuse({ name: `${of.name}_FILE` }, 'names a file that cannot be read');
      return undefined;
    }
  };
  const read = <T>(of: Entry<T>, fallback: string | undefined = of.fallback): T | undefined => {
    const before = problems.length;
    const text = textOf(of) ?? fallback;
    if (text === undefined || problems.length > before) return undefined;
    const result = of.schema.safeParse(text);
    if (result.success) return result.data;
    refuse(of, ruleOf(result.error));
    return undefined;
  };
  /** True where nothing was given: a value that was refused is reported already. */
  const isMissing = (of: Entry<unknown>): boolean => !given(of.name) && !given(`${of.name}_FILE`);
  const demand = (of: Entry<unknown>, why = 'is required'): void => {
    if (isMissing(of)) refuse(of, why);
  };
  const development = (fallback: string): string | undefined => (production ? undefined : fallback);

  if (!production && env['NODE_ENV'] === 'production') {
    refuse({ name: 'NODE_ENV' }, 'is production, and this command is for development');
  }
  if (production && env['NODE_TLS_REJECT_UNAUTHORIZED'] === '0') {
    refuse({ name: 'NODE_TLS_REJECT_UNAUTHORIZED' }, 'must not be 0: certificates are checked');
  }

  const dataDirectory = read(entries.dataDirectory);
  if (production && !isMissing(entries.dataDirectory))
    refuse(entries.dataDirectory, 'is for development only');
  const made = production ? null : developmentSecrets();
  function developmentSecrets(): DevelopmentSecrets | null {
    const needed = isMissing(entries.secretKey) || isMissing(entries.gatewayToken);
    if (!needed || !options.developmentSecrets || dataDirectory === undefined) return null;
    try {
      return options.developmentSecrets(dataDirectory);
    } catch {
      refuse(
        entries.dataDirectory,
        'must be a folder where the development secrets can be kept and read',
      );
      return null;
    }
  }

  const databaseUrl = read(entries.databaseUrl);
  const databaseReplicaUrls = read(entries.databaseReplicaUrls) ?? [];
  const databaseMaxConnections = read(entries.databaseMaxConnections);
  const databasePreparedStatements = read(entries.databasePreparedStatements);
  const allowInsecureDatabase = read(entries.allowInsecureDatabase);
  if (production) demand(entries.databaseUrl);
  if (databaseReplicaUrls.length > 0)
    demand(entries.databaseUrl, 'is required beside DATABASE_REPLICA_URLS');
  if (production && allowInsecureDatabase === false) {
    const rule =
      'turns TLS off to another machine; acknowledge that by ALLOW_INSECURE_DATABASE=true or remove sslmode';
    if (databaseUrl && isPlainAndRemote(databaseUrl)) refuse(entries.databaseUrl, rule);
    if (databaseReplicaUrls.some(isPlainAndRemote)) refuse(entries.databaseReplicaUrls, rule);
  }

  const secretKey = read(entries.secretKey, made?.secretKey);
  if (!made)
    demand(
      entries.secretKey,
      'is required: 32 random bytes, base64 or hex; openssl rand -base64 32 makes them',
    );
  const secretKeyPrevious = read(entries.secretKeyPrevious);
  const gatewayToken = read(entries.gatewayToken, made?.gatewayToken);

  const port = read(entries.port);
  const metricsPort = read(entries.metricsPort);
  if (port !== undefined && port === metricsPort) refuse(entries.metricsPort, 'must not be PORT');
  const tracing = readTracing();
  const shutdownDelay = read(entries.shutdownDelay, production ? '3s' : '0s');
  const shutdownDeadline = read(entries.shutdownDeadline);
  if (
    shutdownDelay !== undefined &&
    shutdownDeadline !== undefined &&
    shutdownDelay >= shutdownDeadline
  ) {
    refuse(entries.shutdownDeadline, 'must be longer than SHUTDOWN_DELAY');
  }
  const publicUrl = read(entries.publicUrl, development(`http://localhost:${port}`));
  // Never taken from a request instead (ADV-2, ADV-17).
  if (production) demand(entries.publicUrl);
  const appUrl = read(entries.appUrl, publicUrl);
  const corsOrigins = read(entries.corsOrigins) ?? [];
  if (production) {
    const rule = 'must be https in production, unless the host is this machine';
    if (publicUrl && !isHttpsOrLoopback(publicUrl)) refuse(entries.publicUrl, rule);
    if (appUrl && !isMissing(entries.appUrl) && !isHttpsOrLoopback(appUrl))
      refuse(entries.appUrl, rule);
    if (!corsOrigins.every(isHttpsOrLoopback)) refuse(entries.corsOrigins, rule);
  }

  const graphiql = read(entries.graphiql, production ? 'off' : 'on');
  if (production && graphiql) refuse(entries.graphiql, 'must be off in production');

  const mailTransport = read(entries.mailTransport, development('mailbox'));
  if (production) demand(entries.mailTransport, 'is required: resend or smtp');
  const resendApiKey = read(entries.resendApiKey);
  const resendBaseUrl = read(entries.resendBaseUrl);
  const smtpUrl = read(entries.smtpUrl);
  const mailFrom = read(entries.mailFrom);
  if (production && mailTransport === 'mailbox') {
    refuse(
      entries.mailTransport,
      'must not be mailbox in production: nobody would get their codes',
    );
  }
  if (mailTransport === 'resend')
    demand(entries.resendApiKey, 'is required for MAIL_TRANSPORT=resend');
  if (mailTransport === 'smtp') demand(entries.smtpUrl, 'is required for MAIL_TRANSPORT=smtp');
  if (mailTransport === 'resend' || mailTransport === 'smtp') {
    demand(entries.mailFrom, `is required for MAIL_TRANSPORT=${mailTransport}`);
  } else if (production) {
    // Whichever transport it will be.
    demand(entries.mailFrom);
  }
  if (resendBaseUrl && !isHttpsOrLoopback(resendBaseUrl)) {
    refuse(entries.resendBaseUrl, 'must be https, unless the host is this machine');
  }

  const mailTemplatesDirectory = read(entries.mailTemplatesDirectory);
  const retentionUnverified = read(entries.retentionUnverified);
  const retentionSessions = read(entries.retentionSessions);
  const retentionCodes = read(entries.retentionCodes);
  const retentionAddresses = read(entries.retentionAddresses);

  const workers = read(entries.workers);
  if (!production && isMissing(entries.databaseUrl) && workers !== undefined && workers > 1) {
    refuse(entries.workers, 'must be 1 on the embedded database, which has one process');
  }

  // SECURITY: whoever learns one of them, such as the mail provider, must not hold another (CF-2,
  // ASVS 13.2.3).
  const purposes: [Entry<unknown>, Uint8Array | string | undefined][] = [
    [entries.secretKey, secretKey],
    [entries.secretKeyPrevious, secretKeyPrevious],
    [entries.gatewayToken, gatewayToken],
    [entries.resendApiKey, resendApiKey],
    [entries.databaseUrl, databaseUrl && passwordOf(databaseUrl)],
    [entries.smtpUrl, smtpUrl && passwordOf(smtpUrl)],
  ];
  const seen = new Map<string, string>();
  for (const [of, value] of purposes) {
    if (!value) continue;
    // In every spelling: the key's bytes in hex equal a token that was made from the same text.
    const spellings =
      typeof value === 'string'
        ? [value, ...decodings(value)]
        : [Buffer.from(value).toString('hex')];
    const first = spellings
      .map((spelling) => seen.get(spelling))
      .find((name) => name !== undefined);
    if (first !== undefined) refuse(of, `must not be the same as ${first}`);
    for (const spelling of spellings) if (!seen.has(spelling)) seen.set(spelling, of.name);
  }

  const jwtAlgorithm = read(entries.jwtAlgorithm);
  const jwtAudience = read(entries.jwtAudience, publicUrl);
  const jwtType = read(entries.jwtType);
  const accessTokenTtl = read(entries.accessTokenTtl);
  const sessionIdleTtl = read(entries.sessionIdleTtl);
  const sessionAbsoluteTtl = read(entries.sessionAbsoluteTtl);
  const refreshGrace = read(entries.refreshGrace);
  const sessionLimit = read(entries.sessionLimit);
  const signingKeyRotation = read(entries.signingKeyRotation);
  const bcryptCost = read(entries.bcryptCost);
  const bcryptConcurrency = read(entries.bcryptConcurrency) ?? null;
  const threadPoolSize = read(entries.threadPoolSize);
  if (
    bcryptConcurrency !== null &&
    threadPoolSize !== undefined &&
    bcryptConcurrency >= threadPoolSize
  ) {
    refuse(entries.bcryptConcurrency, `takes ${entries.threadPoolSize.name} of at least one more`);
  }
  const passwordMinLength = read(entries.passwordMinLength);
  const trustedProxies = read(entries.trustedProxies) ?? [];
  const rateLimitMultiplier = read(entries.rateLimitMultiplier);
  const rateLimits = read(entries.rateLimits) ?? {};
  const tls = readTls();
  const introspection = read(entries.introspection, production ? 'off' : 'on');
  const registration = read(entries.registration);
  const host = read(entries.host);
  const logLevel = read(entries.logLevel);
  const migrateOnStart = read(entries.migrateOnStart);

  if (problems.length > 0) throw new ConfigError(problems);
  return {
    mode: options.mode,
    databaseUrl: databaseUrl ?? null,
    databaseReplicaUrls,
    databaseMaxConnections: present(databaseMaxConnections),
    databasePreparedStatements: present(databasePreparedStatements),
    dataDirectory: present(dataDirectory),
    secretKeys: secretKeyPrevious ? [present(secretKey), secretKeyPrevious] : [present(secretKey)],
    publicUrl: present(publicUrl),
    appUrl: present(appUrl),
    jwt: {
      algorithm: present(jwtAlgorithm),
      audience: present(jwtAudience),
      type: present(jwtType),
    },
    accessTokenTtl: present(accessTokenTtl),
    sessionIdleTtl: present(sessionIdleTtl),
    sessionAbsoluteTtl: present(sessionAbsoluteTtl),
    refreshGrace: present(refreshGrace),
    sessionLimit: present(sessionLimit),
    signingKeyRotation: present(signingKeyRotation),
    bcryptCost: present(bcryptCost),
    bcryptConcurrency,
    threadPoolSize: present(threadPoolSize),
    passwordMinLength: present(passwordMinLength),
    mail: mailSettings(),
    mailTemplatesDirectory: mailTemplatesDirectory ?? null,
    retention: {
      unverifiedAccounts: present(retentionUnverified),
      sessions: present(retentionSessions),
      codes: present(retentionCodes),
      addresses: present(retentionAddresses),
    },
    corsOrigins,
    tls,
    trustedProxies,
    gatewayToken: gatewayToken ?? null,
    rateLimitMultiplier: present(rateLimitMultiplier),
    rateLimits,
    introspection: present(introspection),
    graphiql: present(graphiql),
    registration: present(registration),
    workers: present(workers),
    host: present(host),
    port: present(port),
    metricsPort: metricsPort ?? null,
    tracing,
    shutdownDelay: present(shutdownDelay),
    shutdownDeadline: present(shutdownDeadline),
    logLevel: present(logLevel),
    migrateOnStart: present(migrateOnStart),
  };

  function readTracing(): TracingSettings | null {
    const base = read(entries.otlpEndpoint);
    const url =
      read(entries.otlpTracesEndpoint) ?? (base === undefined ? undefined : `${base}/v1/traces`);
    const headers = read(entries.otlpHeaders) ?? {};
    const isNone =
      read(entries.tracesExporter) === 'none' || read(entries.telemetryDisabled) === true;
    read(entries.otlpProtocol);
    const serviceName = read(entries.serviceName);
    if (url === undefined || serviceName === undefined || isNone) return null;
    return { url, headers, serviceName };
  }

  function readTls(): Config['tls'] {
    const certFile = read(entries.tlsCertFile);
    const keyFile = read(entries.tlsKeyFile);
    if (certFile === undefined && keyFile === undefined) return null;
    demand(entries.tlsCertFile, 'is required beside TLS_KEY_FILE');
    demand(entries.tlsKeyFile, 'is required beside TLS_CERT_FILE');
    const cert = certFile === undefined ? null : readPem(entries.tlsCertFile, certFile);
    const key = keyFile === undefined ? null : readPem(entries.tlsKeyFile, keyFile);
    if (certFile === undefined || keyFile === undefined || cert === null || key === null)
      return null;
    if (!isPair(cert, key)) {
      refuse(
        entries.tlsCertFile,
        'must hold a certificate, and TLS_KEY_FILE its private key, both as PEM',
      );
    }
    return { certFile, keyFile };
  }

  function readPem(of: Entry<unknown>, file: string): Buffer | null {
    try {
      return readFileSync(file);
    } catch {
      refuse(of, 'names a file that cannot be read');
      return null;
    }
  }

  function mailSettings(): MailSettings {
    switch (present(mailTransport)) {
      case 'resend':
        return {
          transport: 'resend',
          apiKey: present(resendApiKey),
          baseUrl: resendBaseUrl ?? null,
          from: present(mailFrom),
        };
      case 'smtp':
        return { transport: 'smtp', url: present(smtpUrl), from: present(mailFrom) };
      case 'mailbox':
        return { transport: 'mailbox' };
    }
  }
}

/** The first certificate of a chain is the server's own (RFC 8446 4.4.2). */
function isPair(cert: Buffer, key: Buffer): boolean {
  try {
    return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}

/** Whatever has no value by now was reported, and thrown, before. */
function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('A setting has neither a value nor a problem.');
  return value;
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

function isHttpsOrLoopback(text: string): boolean {
  const url = new URL(text);
  return url.protocol === 'https:' || isLoopback(url.hostname);
}

function isPlainAndRemote(text: string): boolean {
  return hostUrls(text)
    .map((one) => new URL(one))
    .some((url) => url.searchParams.get('sslmode') === 'disable' && !isLoopback(url.hostname));
}

function passwordOf(text: string): string {
  const { password } = new URL(hostUrls(text)[0] ?? '');
  try {
    return decodeURIComponent(password);
  } catch {
    return password;
  }
}

/** The bytes that a text may stand for, in hex; short ones are no keys. */
function decodings(text: string): string[] {
  const hex = /^(?:[0-9a-f]{2})+$/i.test(text) ? [text.toLowerCase()] : [];
  return text.length < 16 ? [] : [...hex, Buffer.from(text, 'base64').toString('hex')];
}

/** What is allowed and still unwise, a sentence each; for the log at start. */
export function configWarnings(config: Config): string[] {
  if (config.mode !== 'production') return [];
  const warnings: string[] = [];
  if (config.rateLimitMultiplier > 10) {
    warnings.push(
      'RATE_LIMIT_MULTIPLIER is over 10: attempts to guess passwords and codes are hardly limited.',
    );
  }
  if (
    config.publicUrl.startsWith('https://') &&
    config.tls === null &&
    config.trustedProxies.length === 0
  ) {
    warnings.push(
      'PUBLIC_URL is https, and neither TRUSTED_PROXIES nor TLS_CERT_FILE is set: every request is taken for plain http and refused.',
    );
  }
  if (config.introspection) warnings.push('INTROSPECTION is on: anyone may read the whole schema.');
  if (
    [config.databaseUrl ?? '', ...config.databaseReplicaUrls].some(
      (url) => url !== '' && isPlainAndRemote(url),
    )
  ) {
    warnings.push('The database is on another machine and its connection is not under TLS.');
  }
  return warnings;
}

/** The configuration for people to read: every secret is `***`. */
export function redactedConfig(config: Config): Record<string, unknown> {
  const { mail } = config;
  return {
    ...config,
    databaseUrl: config.databaseUrl && redactedUrl(config.databaseUrl),
    databaseReplicaUrls: config.databaseReplicaUrls.map(redactedUrl),
    secretKeys: config.secretKeys.map(() => '***'),
    gatewayToken: config.gatewayToken && '***',
    tracing: config.tracing && { ...config.tracing, headers: '***' },
    mail: {
      ...mail,
      ...(mail.transport === 'resend' ? { apiKey: '***' } : {}),
      ...(mail.transport === 'smtp' ? { url: redactedUrl(mail.url) } : {}),
    },
  };
}

function redactedUrl(text: string): string {
  const urls = hostUrls(text).map((one) => new URL(one));
  for (const url of urls) {
    if (url.username) url.username = '***';
    if (url.password) url.password = '***';
  }
  return joinHosts(urls.map(({ href }) => href));
}
