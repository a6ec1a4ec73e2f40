import { availableParallelism } from 'node:os';
import { ownTheme } from './pages-theme.ts';
import { passkeyOrigins, relyingPartyId } from './passkeys.ts';
import { identityProvidersFile } from './read-identity-providers.ts';
import { themeFile } from './read-theme-file.ts';
import {
  apiKey,
  baseUrl,
  bearer,
  databaseUrl,
  duration,
  exactOrigin,
  filePath,
  folder,
  hostName,
  list,
  mailFrom,
  matching,
  multiplier,
  oneOf,
  onOrOff,
  origin,
  orWord,
  productName,
  proxy,
  type Reader,
  rateLimits,
  replicaUrl,
  returnUrl,
  secretKey,
  smtpUrl,
  userFields,
  whole,
} from './readers.ts';

export type Mode = 'production' | 'development';

type Described<T> = {
  readonly name: string;
  readonly doc: string;
  /** SECURITY: none of its messages may contain the text. */
  readonly schema: Reader<T>;
  /** Can also be read from the file that NAME_FILE names. */
  readonly secret?: true;
  /** Why production refuses to start without it. */
  readonly required?: string;
};

/** A variable of the environment. */
export type Entry<T> = Described<T> & {
  /** The default as a person reads it. */
  readonly shown: string;
  /** The default as it would be written in the environment. */
  readonly fallback?: string | Readonly<Record<Mode, string>>;
  /** The value when nothing is set and there is no fallback. */
  readonly absent?: T;
};

/** A variable whose default is a text that it could be set to. */
function entry<T>(
  options: Described<T> & { readonly fallback: string | Readonly<Record<Mode, string>> },
): Entry<T> {
  const { fallback } = options;
  const shown =
    typeof fallback === 'string'
      ? fallback
      : `development: ${fallback.development}; production: ${fallback.production}`;
  return { ...options, shown };
}

/** An optional variable: its value is `absent` when it is not set. */
function optional<T>(
  options: Described<T> & { readonly absent: T; readonly shown: string },
): Entry<T> {
  return options;
}

/**
 * Every variable, under its name in Config (read-config.ts); a group is an object of its own. A
 * test compares `.env.example` and docs/operations.md with it.
 */
export const entries = {
  /** Becomes the members that begin with `database`. */
  database: {
    address: optional({
      name: 'DATABASE_URL',
      doc:
        'PostgreSQL: `postgres://user:password@host:5432/database`, or several hosts, ' +
        '`host:5432,other:5432`, of which the primary is found. Under TLS with a checked ' +
        'certificate unless the host is this machine, or `?sslmode=disable` says otherwise. ' +
        '`?pool_size=20` sets the connections of each process to each database, 2 to 100 (10); ' +
        '`?prepare=false` is for poolers that cannot follow prepared statements; ' +
        '`?search_path=auth` names another schema than the role has.',
      shown: 'development: embedded; production: required',
      absent: null,
      schema: databaseUrl,
      secret: true,
      required: 'is required',
    }),
    replicaUrls: optional({
      name: 'DATABASE_REPLICA_URLS',
      doc: 'Read replicas, separated by commas, for reads that may lag.',
      shown: 'none',
      absent: [],
      schema: list(replicaUrl),
      secret: true,
    }),
    allowInsecure: entry({
      name: 'ALLOW_INSECURE_DATABASE',
      doc:
        'Acknowledges `?sslmode=disable` to another machine in production: the network between ' +
        'must be trusted.',
      fallback: 'false',
      schema: onOrOff,
    }),
  },
  /** Becomes a list, the current key first. */
  secretKeys: {
    current: optional({
      name: 'SECRET_KEY',
      doc:
        'At least 32 random bytes in base64 or hex, as from `openssl rand -base64 32`; the key ' +
        'of each purpose is derived from it.',
      shown: 'development: made at the first start; production: required',
      absent: null,
      schema: secretKey,
      secret: true,
      required: 'is required: 32 random bytes, base64 or hex; openssl rand -base64 32 makes them',
    }),
    previous: optional({
      name: 'SECRET_KEY_PREVIOUS',
      doc: 'The SECRET_KEY before this one, while rotating.',
      shown: 'none',
      absent: null,
      schema: secretKey,
      secret: true,
    }),
  },
  publicUrl: optional({
    name: 'PUBLIC_URL',
    doc:
      'The origin of this server as others see it: issuer of tokens and base of our own links. ' +
      'https in production.',
    shown: 'development: `http://localhost:PORT`; production: required',
    absent: null,
    schema: origin,
    // Never taken from a request (ADV-2, ADV-17).
    required: 'is required',
  }),
  appUrl: optional({
    name: 'APP_URL',
    doc:
      'The web app that the links in mails open (docs/pages.md has its paths); unset, they open ' +
      'the built-in pages.',
    shown: 'PUBLIC_URL/account',
    absent: null,
    schema: baseUrl,
  }),
  pages: entry({
    name: 'PAGES',
    doc:
      'The built-in pages for sign-in and accounts at `/account`; `off` where an app has its ' +
      'own, which APP_URL then names.',
    fallback: 'true',
    schema: onOrOff,
  }),
  console: entry({
    name: 'CONSOLE',
    doc: 'The administrators’ console at `/console` (docs/console.md); `off` takes it away.',
    fallback: 'true',
    schema: onOrOff,
  }),
  consoleUrl: optional({
    name: 'CONSOLE_URL',
    doc:
      'An origin of the console’s own, such as `https://admin.auth.example.com`, which leads to ' +
      'this server too: that host then serves the console alone, and no other has it.',
    shown: 'PUBLIC_URL',
    absent: null,
    schema: origin,
  }),
  pagesTheme: optional({
    name: 'PAGES_THEME_FILE',
    doc:
      'A JSON file with colours, corners and a logo for the pages (docs/pages.md has its ' +
      'members). Checked at start, contrast too.',
    shown: 'none',
    absent: ownTheme,
    schema: themeFile,
  }),
  jwt: {
    algorithm: entry({
      name: 'JWT_ALGORITHM',
      doc: 'Signs access tokens: `RS256`, `ES256`, `EdDSA` or `HS256`. Every gateway takes RS256.',
      fallback: 'RS256',
      schema: oneOf('RS256', 'ES256', 'EdDSA', 'HS256'),
    }),
    audience: optional({
      name: 'JWT_AUDIENCE',
      doc: 'The `aud` of access tokens.',
      shown: 'PUBLIC_URL',
      absent: null,
      schema: matching(/^[\x21-\x7e]{1,255}$/, 'must have 1 to 255 visible ASCII characters'),
    }),
    type: entry({
      name: 'JWT_TYPE',
      doc:
        'The `typ` of access tokens: `JWT`, or `at+jwt` (RFC 9068) where every verifier takes ' +
        'it.',
      fallback: 'JWT',
      schema: oneOf('JWT', 'at+jwt'),
    }),
  },
  accessTokenTtl: entry({
    name: 'ACCESS_TOKEN_TTL',
    doc: 'How long an access token lives, 1m to 60m.',
    fallback: '15m',
    schema: duration('1m', '60m'),
  }),
  sessionIdleTtl: entry({
    name: 'SESSION_IDLE_TTL',
    doc: 'A session that was not refreshed for this long ends, 5m to 365d.',
    fallback: '14d',
    schema: duration('5m', '365d'),
  }),
  sessionAbsoluteTtl: entry({
    name: 'SESSION_ABSOLUTE_TTL',
    doc: 'A session ends this long after the sign-in, however it is used, 5m to 365d.',
    fallback: '30d',
    schema: duration('5m', '365d'),
  }),
  refreshGrace: entry({
    name: 'REFRESH_GRACE',
    doc:
      'For this long a refresh token that was just used gives the same successor again, 0s to ' +
      '60s.',
    fallback: '20s',
    schema: duration('0s', '60s'),
  }),
  sessionLimit: entry({
    name: 'SESSION_LIMIT',
    doc:
      'Sessions that a user may have at a time, 1 to 500; a further sign-in ends the one that ' +
      'was used least recently.',
    fallback: '100',
    schema: whole(1, 500),
  }),
  signingKeyRotation: entry({
    name: 'SIGNING_KEY_ROTATION',
    doc:
      'The age at which a running server replaces the key that signs access tokens, 1d to ' +
      '3650d; `off`: only `latchkey keys rotate` does.',
    fallback: '90d',
    schema: orWord(duration('1d', '3650d'), 'off', null),
  }),
  bcryptCost: entry({
    name: 'BCRYPT_COST',
    doc: 'The work of one password hash, 10 to 15: one more doubles it.',
    fallback: '12',
    schema: whole(10, 15),
  }),
  bcryptConcurrency: entry({
    name: 'BCRYPT_CONCURRENCY',
    doc:
      'Password hashes at once in one process, 1 to 256: more than there are cores slow ' +
      'everything else and gain nothing. `auto` leaves a core free, and `WORKERS` share the ' +
      'rest.',
    fallback: 'auto',
    schema: orWord(whole(1, 256), 'auto', null),
  }),
  passwordMinLength: entry({
    name: 'PASSWORD_MIN_LENGTH',
    doc:
      'Characters that a password needs at least, 8 to 128. NIST asks for 15 where a password ' +
      'is the only factor.',
    fallback: '8',
    schema: whole(8, 128),
  }),
  breachedPasswords: {
    mode: entry({
      name: 'BREACHED_PASSWORDS',
      doc:
        'Refuses passwords of published breaches wherever one is set: `range` asks an API for ' +
        'five digits of a hash, `file` a filter in memory, `off` neither (docs/operations.md, ' +
        '"Breached passwords").',
      fallback: 'off',
      schema: oneOf('off', 'range', 'file'),
    }),
    url: entry({
      name: 'BREACHED_PASSWORDS_URL',
      doc:
        'For `range`: an API in the form of Have I Been Pwned’s, asked for `/range/` and five ' +
        'hex digits.',
      fallback: 'https://api.pwnedpasswords.com',
      schema: baseUrl,
    }),
    file: optional({
      name: 'BREACHED_PASSWORDS_FILE',
      doc: 'For `file`: what `latchkey breached-passwords build` has made. Checked at start.',
      shown: 'none',
      absent: null,
      schema: filePath,
    }),
  },
  /** Becomes the settings of the one transport. */
  mail: {
    transport: optional({
      name: 'MAIL_TRANSPORT',
      doc:
        'How mail leaves: `resend`, `smtp`, or in development `mailbox`, a page at ' +
        '`/dev/mailbox`.',
      shown: 'development: `mailbox`; production: required',
      absent: null,
      schema: oneOf('resend', 'smtp', 'mailbox'),
      required: 'is required: resend or smtp',
    }),
    apiKey: optional({
      name: 'RESEND_API_KEY',
      doc: 'For `resend`: the key, allowed to send only.',
      shown: 'none',
      absent: null,
      schema: apiKey,
      secret: true,
    }),
    baseUrl: optional({
      name: 'RESEND_BASE_URL',
      doc: 'For `resend`: another origin in place of the provider, such as a relay.',
      shown: 'the provider',
      absent: null,
      schema: origin,
    }),
    smtpUrl: optional({
      name: 'SMTP_URL',
      doc:
        'For `smtp`: `smtps://user:password@host:465`, or `smtp://…:587` with STARTTLS, which ' +
        'is required unless the host is this machine.',
      shown: 'none',
      absent: null,
      schema: smtpUrl,
      secret: true,
    }),
    smtpAllowInsecure: entry({
      name: 'SMTP_ALLOW_INSECURE',
      doc:
        'Acknowledges an `smtp://` relay on another machine that has no TLS: codes and links ' +
        'cross the network between in the clear, and no login is sent.',
      fallback: 'false',
      schema: onOrOff,
    }),
    from: optional({
      name: 'MAIL_FROM',
      doc:
        'For `resend` and `smtp`: the sender, such as `no-reply@example.com` or ' +
        '`"Acme, Inc." <no-reply@example.com>`. A bare address gets PRODUCT_NAME as its name ' +
        'where that is set.',
      shown: 'none',
      absent: null,
      schema: mailFrom,
      required: 'is required',
    }),
  },
  productName: entry({
    name: 'PRODUCT_NAME',
    doc:
      'What users read as your name in mails, on the pages and in their authenticator app, 50 ' +
      'characters.',
    fallback: 'Latchkey',
    schema: productName,
  }),
  mailTemplatesDirectory: optional({
    name: 'MAIL_TEMPLATES_DIR',
    doc:
      'A folder with mail templates of your own, such as `de/password-reset.liquid`, which ' +
      'replace ours one by one. Checked at start.',
    shown: 'none',
    absent: null,
    schema: folder,
  }),
  retention: {
    unverifiedAccounts: entry({
      name: 'RETENTION_UNVERIFIED_ACCOUNTS',
      doc:
        'Accounts whose address was never verified are removed this long after the ' +
        'registration, 1d to 30d.',
      fallback: '7d',
      schema: duration('1d', '30d'),
    }),
    sessions: entry({
      name: 'RETENTION_SESSIONS',
      doc:
        'Sessions are removed this long after the day on which they had to end at the latest, ' +
        '1d to 365d.',
      fallback: '7d',
      schema: duration('1d', '365d'),
    }),
    codes: entry({
      name: 'RETENTION_CODES',
      doc:
        'Expired codes and links and the records of sent mails are removed after this long, 1d ' +
        'to 90d.',
      fallback: '3d',
      schema: duration('1d', '90d'),
    }),
    addresses: entry({
      name: 'RETENTION_ADDRESSES',
      doc:
        'Client addresses and User-Agents in the audit trail are made coarse after this long, ' +
        '1d to 365d.',
      fallback: '30d',
      schema: duration('1d', '365d'),
    }),
    audit: entry({
      name: 'RETENTION_AUDIT',
      doc:
        'Events of the audit trail are removed this long after they happened, 90d to 9999d, by ' +
        'a role that may (docs/operations.md); off keeps them.',
      fallback: 'off',
      schema: orWord(duration('90d', '9999d'), 'off', null),
    }),
  },
  corsOrigins: optional({
    name: 'CORS_ORIGINS',
    doc: 'Origins of browser apps that may call with credentials, separated by commas, each exact.',
    shown: 'none',
    absent: [],
    schema: list(exactOrigin),
  }),
  trustedProxies: optional({
    name: 'TRUSTED_PROXIES',
    doc:
      'Addresses or CIDRs of the proxies whose X-Forwarded-For is believed, separated by ' +
      'commas.',
    shown: 'none',
    absent: [],
    schema: list(proxy),
  }),
  /** Null unless both are set. */
  tls: {
    certFile: optional({
      name: 'TLS_CERT_FILE',
      doc:
        'For a server that holds its own certificate: the PEM file with it and its chain. Read ' +
        'again when it changes.',
      shown: 'none',
      absent: null,
      schema: filePath,
    }),
    keyFile: optional({
      name: 'TLS_KEY_FILE',
      doc: 'The PEM file with the private key of TLS_CERT_FILE.',
      shown: 'none',
      absent: null,
      schema: filePath,
    }),
  },
  gatewayToken: optional({
    name: 'GATEWAY_TOKEN',
    doc:
      'The service credential of gateways, 32 characters or more, as from `openssl rand -hex ' +
      '32`. Without it their fields refuse everyone but administrators.',
    shown: 'development: made at the first start; production: none',
    absent: null,
    schema: bearer,
    secret: true,
  }),
  gatewayUserFields: optional({
    name: 'GATEWAY_USER_FIELDS',
    doc:
      'What a gateway with GATEWAY_TOKEN sees of every user beside `id` and `name`, separated ' +
      'by commas: `email`, `emailVerified`, `roles`, `createdAt`, `publicMetadata`, ' +
      '`adminMetadata`. Whoever can ask the gateway can then read it.',
    shown: 'none',
    absent: [],
    schema: userFields,
  }),
  rateLimitMultiplier: entry({
    name: 'RATE_LIMIT_MULTIPLIER',
    doc:
      'Multiplies every budget of attempts, for load tests; over 0, up to 10000. A value over ' +
      '10 in production is warned of at start.',
    fallback: '1',
    schema: multiplier,
  }),
  rateLimits: optional({
    name: 'RATE_LIMITS',
    doc:
      'Single budgets other than docs/security.md has them, separated by commas: ' +
      '`login:account=10/15m/5/10s,mail:day=500/1d`.',
    shown: 'none',
    absent: {},
    schema: rateLimits,
  }),
  introspection: entry({
    name: 'INTROSPECTION',
    doc: 'Whether clients may ask for the schema: `on` or `off`.',
    fallback: { development: 'on', production: 'off' },
    schema: onOrOff,
  }),
  graphiql: entry({
    name: 'GRAPHIQL',
    doc: 'Whether `/graphiql` shows GraphiQL: `on` or `off`; refused in production.',
    fallback: { development: 'on', production: 'off' },
    schema: onOrOff,
  }),
  registration: entry({
    name: 'REGISTRATION',
    doc: 'Who may register: `open` or `invite`.',
    fallback: 'open',
    schema: oneOf('open', 'invite'),
  }),
  /** Becomes PasskeySettings. */
  passkeys: {
    enabled: entry({
      name: 'PASSKEYS',
      doc:
        'Whether users may register passkeys and sign in with them. Off where APP_URL names an ' +
        'IP address, which browsers accept no passkeys for.',
      fallback: 'true',
      schema: onOrOff,
    }),
    rpId: optional({
      name: 'PASSKEY_RP_ID',
      doc:
        'The domain that passkeys belong to (WebAuthn: RP ID). Choose it before the first one ' +
        'is registered: under another one, none of them works.',
      shown: 'the host of APP_URL',
      absent: null,
      schema: relyingPartyId,
    }),
    origins: optional({
      name: 'PASSKEY_ORIGINS',
      doc:
        'Origins that may use passkeys, separated by commas, each exact, 20 at most; those of ' +
        'Android apps as `android:apk-key-hash:…`.',
      shown: 'the origin of APP_URL',
      absent: null,
      schema: passkeyOrigins,
    }),
    limit: entry({
      name: 'PASSKEY_LIMIT',
      doc: 'Passkeys that a user may have, 1 to 100.',
      fallback: '20',
      schema: whole(1, 100),
    }),
  },
  identityProviders: optional({
    name: 'IDENTITY_PROVIDERS_FILE',
    doc:
      'A JSON file with the providers that users may sign in with, such as Google or any of ' +
      'OpenID Connect (docs/integrations/providers.md has its members). Checked at start, ' +
      'without asking them.',
    shown: 'none',
    absent: [],
    schema: identityProvidersFile,
  }),
  /** With a default that follows from appUrl. */
  identityReturnUrls: optional({
    name: 'IDENTITY_RETURN_URLS',
    doc:
      'Where a sign-in by another provider may lead back to, separated by commas, each exact: ' +
      'pages of your apps, or `com.example.app:/signed-in` of a native one. The built-in pages ' +
      'need no entry.',
    shown: '`/signed-in` at the origin of APP_URL, where that is set',
    absent: null,
    schema: list(returnUrl),
  }),
  identityAllowPrivate: entry({
    name: 'IDENTITY_ALLOW_PRIVATE',
    doc: 'For development: providers on this machine, also over http. Refused in production.',
    fallback: 'false',
    schema: onOrOff,
  }),
  workers: entry({
    name: 'WORKERS',
    doc: 'Processes that share the port, 1 to 256; `max` is one for each core.',
    fallback: '1',
    schema: orWord(whole(1, 256), 'max', availableParallelism()),
  }),
  host: optional({
    name: 'HOST',
    doc:
      'The address to listen on. Development answers only to names of this machine and of ' +
      'PUBLIC_URL, whatever it listens on.',
    shown: 'development: `127.0.0.1` and `::1`; production: every address, IPv4 and IPv6',
    absent: null,
    schema: hostName,
  }),
  port: entry({
    name: 'PORT',
    doc: 'The port to listen on.',
    fallback: '4000',
    schema: whole(1, 65_535),
  }),
  keepAliveTimeout: entry({
    name: 'KEEP_ALIVE_TIMEOUT',
    doc:
      'How long a connection is kept on which nothing is asked, 5s to 24h: longer than the load ' +
      'balancer in front keeps it.',
    fallback: '75s',
    schema: duration('5s', '24h'),
  }),
  metricsHost: entry({
    name: 'METRICS_HOST',
    doc:
      'The address of `/metrics`: this machine alone unless told. Where Prometheus scrapes from ' +
      'another one, an address of your own network.',
    fallback: '127.0.0.1',
    schema: hostName,
  }),
  metricsPort: entry({
    name: 'METRICS_PORT',
    doc: 'The port of `/metrics`, which is never on the public one; `off` for none.',
    fallback: 'off',
    schema: orWord(whole(1, 65_535), 'off', null),
  }),
  shutdownDelay: entry({
    name: 'SHUTDOWN_DELAY',
    doc:
      'After SIGTERM, `/readyz` says 503 for this long before the listener closes, so that ' +
      'balancers have turned away by then, 0s to 5m.',
    fallback: { development: '0s', production: '3s' },
    schema: duration('0s', '5m'),
  }),
  shutdownDeadline: entry({
    name: 'SHUTDOWN_DEADLINE',
    doc:
      'The process ends this long after the signal, whatever is still in flight, 1s to 10m. ' +
      'Give your orchestrator a little more.',
    fallback: '25s',
    schema: duration('1s', '10m'),
  }),
  logLevel: entry({
    name: 'LOG_LEVEL',
    doc:
      'The least that is logged: `fatal`, `error`, `warn`, `info`, `debug`, `trace` or ' +
      '`silent`.',
    fallback: 'info',
    schema: oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'),
  }),
  migrateOnStart: entry({
    name: 'MIGRATE_ON_START',
    doc:
      'Whether a starting server applies the migrations that are missing; otherwise run ' +
      '`latchkey migrate` first.',
    fallback: 'true',
    schema: onOrOff,
  }),
} as const satisfies Table;

/**
 * Variables of earlier versions, and what to do instead. The server refuses to start when one is
 * set.
 */
export const retired: Readonly<Record<string, string>> = {
  DATABASE_MAX_CONNECTIONS: 'is gone: write ?pool_size=20 into DATABASE_URL instead',
  DATABASE_PREPARED_STATEMENTS: 'is gone: write ?prepare=false into DATABASE_URL instead',
  DATA_DIR: 'is gone: latchkey dev keeps its files in .data of the folder that it is started in',
  OTEL_EXPORTER_OTLP_HEADERS_FILE:
    'is gone: set OTEL_EXPORTER_OTLP_HEADERS, which the exporter of OpenTelemetry reads itself',
};

/** Entries and groups of them. */
export type Table = {
  readonly [name: string]: Entry<unknown> | { readonly [name: string]: Entry<unknown> };
};

/** The result of reading a table: the value of each entry, in the same groups. */
export type ValuesOf<E> =
  E extends Entry<infer T> ? T : { readonly [Name in keyof E]: ValuesOf<E[Name]> };

/** The entries of a table without its groups, in order. */
export const allEntries: readonly Entry<unknown>[] = Object.values<Table[string]>(entries).flatMap(
  (of) => (isEntry(of) ? [of] : Object.values(of)),
);

export function isEntry(of: Table[string]): of is Entry<unknown> {
  return 'schema' in of;
}
