import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostUrls } from '../db/driver/host-urls.ts';
import { isAppOrigin } from '../domain/passkeys/sites.ts';
import { formatSender } from '../mail/sender.ts';
import {
  allEntries,
  type Entry,
  entries,
  isEntry,
  type Mode,
  retired,
  type Table,
  type ValuesOf,
} from './entries.ts';
import { fitsOrigins, type PasskeySettings, passkeySettings } from './passkeys.ts';
import { isHttpsOrLoopback, isPlainAndRemote } from './readers.ts';

type Values = ValuesOf<typeof entries>;

/** Groups and variables that are not copied as they are; `toConfig` makes members of them. */
type Combined =
  | 'database'
  | 'secretKeys'
  | 'publicUrl'
  | 'appUrl'
  | 'identityReturnUrls'
  | 'jwt'
  | 'mail'
  | 'passkeys'
  | 'tls';

/**
 * The configuration as the rest of the code sees it: a member for each entry, and the combined
 * ones. Durations are whole seconds.
 */
export type Config = Omit<Values, Combined> & {
  readonly mode: Mode;
  /** Null: the embedded database under dataDirectory (development only). */
  readonly databaseUrl: string | null;
  readonly databaseReplicaUrls: readonly string[];
  /** Most connections of each process to each database. */
  readonly databaseMaxConnections: number;
  readonly databasePreparedStatements: boolean;
  /** Where development keeps its database, secrets and mailbox. */
  readonly dataDirectory: string;
  /** The current SECRET_KEY first, then the previous one if set; raw bytes. */
  readonly secretKeys: readonly Uint8Array[];
  /** An origin, without trailing slash. */
  readonly publicUrl: string;
  readonly appUrl: string;
  readonly jwt: {
    readonly algorithm: JwtAlgorithm;
    readonly audience: string;
    readonly type: Values['jwt']['type'];
  };
  readonly mail: MailSettings;
  readonly passkeys: PasskeySettings;
  /** Where a sign-in by another provider may lead back to, each exact (ID-11). */
  readonly identityReturnUrls: readonly string[];
  /** Paths of PEM files; null when a proxy in front terminates TLS. */
  readonly tls: { readonly certFile: string; readonly keyFile: string } | null;
  /** Threads of libuv's pool, which computes the hashes; Node reads its size itself. */
  readonly threadPoolSize: number;
  /** Whether a collector is configured; the exporter reads its own variables. */
  readonly tracing: boolean;
};

export type JwtAlgorithm = Values['jwt']['algorithm'];

export type MailSettings =
  | { readonly transport: 'mailbox' }
  | {
      readonly transport: 'resend';
      readonly apiKey: string;
      readonly baseUrl: string | null;
      readonly from: string;
    }
  | {
      readonly transport: 'smtp';
      readonly url: string;
      readonly from: string;
      readonly allowInsecure: boolean;
    };

export type Environment = Readonly<Record<string, string | undefined>>;

/** Everything that is wrong with the configuration, a line `NAME: rule` each; never a value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
  }
}

const dataDirectory = '.data';
const embedded = { url: null, maxConnections: 1, prepares: true };
const poolSizeVariable = 'UV_THREADPOOL_SIZE';

/** The environment of this process. The only place that reads it. */
export function environment(): Environment {
  return process.env;
}

/**
 * Adds the variables of a file such as `.env` to the environment; variables already set stay.
 * Throws when it cannot be read. The size of libuv's pool is left out: the pool already exists, so
 * the hash semaphore would count threads that it does not have (AV-1).
 */
export function loadEnvironmentFile(path: string): void {
  const poolSize = process.env[poolSizeVariable];
  process.loadEnvFile(path);
  if (poolSize === undefined) delete process.env[poolSizeVariable];
}

/** Development defaults for variables that are not set. */
export type DevelopmentSecrets = { readonly secretKey: string; readonly gatewayToken: string };

/**
 * The mode comes from the command. SECURITY: never from NODE_ENV, so that an unset one cannot open
 * anything (CF-5).
 */
type Options = {
  readonly mode: Mode;
  /** Called in development when SECRET_KEY or GATEWAY_TOKEN is not set. */
  readonly developmentSecrets?: (dataDirectory: string) => DevelopmentSecrets;
};

/**
 * The configuration from the environment. Throws one ConfigError with everything that is missing,
 * wrong or weak.
 */
export function readConfig(environment: Environment, options: Options): Config {
  const problems: string[] = [];
  const refuse: Refuse = ({ name }, rule) => {
    problems.push(`${name}: ${rule}`);
  };
  const { mode } = options;
  refuseSurroundings(environment, mode, refuse);
  const env = mode === 'development' ? withSecrets(environment, options, refuse) : environment;
  const read = (of: Entry<unknown>): unknown => readEntry(of, { env, mode, refuse });
  const readings = readTable(entries, read) as Readings<typeof entries>;
  const context = { env, production: mode === 'production', refuse };
  for (const rule of rules) rule(readings, context);
  if (problems.length > 0) throw new ConfigError(problems);
  return toConfig(readings as Values, env, mode);
}

/**
 * The database of production alone, for a command that needs nothing else; throws one ConfigError.
 */
export function readDatabaseConfig(env: Environment): { readonly url: string } {
  const problems: string[] = [];
  const refuse: Refuse = ({ name }, rule) => {
    problems.push(`${name}: ${rule}`);
  };
  refuseSurroundings(env, 'production', refuse);
  const read = (of: Entry<unknown>): unknown => readEntry(of, { env, mode: 'production', refuse });
  const database = readTable(entries.database, read) as Readings<typeof entries.database>;
  refuseDatabase({ database }, { env, production: true, refuse });
  if (problems.length > 0) throw new ConfigError(problems);
  return { url: present(database.address ?? null).url ?? '' };
}

type Refuse = (of: { readonly name: string }, rule: string) => void;

/** As ValuesOf, with undefined for entries that were refused. */
type Readings<E> =
  E extends Entry<infer T> ? T | undefined : { readonly [Name in keyof E]: Readings<E[Name]> };

function given(env: Environment, name: string): string | undefined {
  return env[name]?.trim() || undefined;
}

/** Whether an entry has text, refused or not. */
function isSet(env: Environment, { name }: Entry<unknown>): boolean {
  return given(env, name) !== undefined || given(env, `${name}_FILE`) !== undefined;
}

/** Characters that a shell or a file of variables would have taken away. */
const quotes = /^["'`\u2018-\u201f]|["'`\u2018-\u201f]$/u;
/** Names of people and products, which may begin or end with one. */
const mayBeQuoted: ReadonlySet<string> = new Set(['MAIL_FROM', 'PRODUCT_NAME']);
const quoted =
  'has quotes around it, which are part of the value here, as docker --env-file leaves them: ' +
  'remove them';

/**
 * Names that differ from ours by characters that nobody sees, such as the byte order mark before
 * the first line of a file.
 */
function refuseHiddenCharacters(env: Environment, refuse: Refuse): void {
  const known = new Set(
    allEntries.flatMap(({ name, secret }) => (secret ? [name, `${name}_FILE`] : [name])),
  );
  for (const key of Object.keys(env)) {
    const name = key.replace(/^export\s+/, '').replace(/\W/g, '');
    if (name === key || !known.has(name)) continue;
    const rule =
      'is set under a name with hidden characters, such as a byte order mark: save the file as ' +
      'UTF-8 without one, a line NAME=value each';
    refuse({ name }, rule);
  }
}

function refuseSurroundings(env: Environment, mode: Mode, refuse: Refuse): void {
  if (mode === 'development' && env['NODE_ENV'] === 'production') {
    refuse({ name: 'NODE_ENV' }, 'is production, and this command is for development');
  }
  if (mode === 'production' && env['NODE_TLS_REJECT_UNAUTHORIZED'] === '0') {
    refuse({ name: 'NODE_TLS_REJECT_UNAUTHORIZED' }, 'must not be 0: certificates are checked');
  }
  refuseHiddenCharacters(env, refuse);
  for (const [name, instead] of Object.entries(retired)) {
    if (given(env, name) !== undefined) refuse({ name }, instead);
  }
}

function withSecrets(env: Environment, options: Options, refuse: Refuse): Environment {
  const { current } = entries.secretKeys;
  const { gatewayToken } = entries;
  const hasKey = isSet(env, current);
  if (options.developmentSecrets === undefined) {
    if (!hasKey) refuse(current, 'is required');
    return env;
  }
  if (hasKey && isSet(env, gatewayToken)) return env;
  try {
    const made = options.developmentSecrets(dataDirectory);
    return {
      ...env,
      ...(hasKey ? {} : { [current.name]: made.secretKey }),
      ...(isSet(env, gatewayToken) ? {} : { [gatewayToken.name]: made.gatewayToken }),
    };
  } catch {
    const rule = 'must be a folder where the development secrets can be kept and read';
    refuse({ name: dataDirectory }, rule);
    return env;
  }
}

function readTable(table: Table, read: (of: Entry<unknown>) => unknown): unknown {
  const values = Object.entries(table).map(([name, of]) => [
    name,
    isEntry(of) ? read(of) : readTable(of, read),
  ]);
  return Object.fromEntries(values);
}

/** Undefined when it was refused. */
function readEntry(
  of: Entry<unknown>,
  { env, mode, refuse }: { env: Environment; mode: Mode; refuse: Refuse },
): unknown {
  const text = textOf(of, env, refuse);
  if (text === null) return undefined;
  if (text === undefined && of.required !== undefined && mode === 'production') {
    refuse(of, of.required);
    return undefined;
  }
  const fallback = typeof of.fallback === 'object' ? of.fallback[mode] : of.fallback;
  if (text === undefined && fallback === undefined) return of.absent;
  const result = of.schema.safeParse(text ?? fallback);
  if (result.success) return result.data;
  for (const { message } of result.error.issues) refuse(of, message);
  return undefined;
}

/** Undefined when nothing is set, null when the text was refused. */
function textOf(of: Entry<unknown>, env: Environment, refuse: Refuse): string | undefined | null {
  const text = given(env, of.name);
  const fileVariable = { name: `${of.name}_FILE` };
  const file = of.secret ? given(env, fileVariable.name) : undefined;
  if (file === undefined) {
    if (text === undefined || mayBeQuoted.has(of.name) || !quotes.test(text)) return text;
    refuse(of, quoted);
    return null;
  }
  if (text !== undefined) {
    refuse(of, `is set, and so is ${fileVariable.name}; keep one`);
    return null;
  }
  try {
    const content = readFileSync(file, 'utf8').trim();
    if (content !== '' && !quotes.test(content)) return content;
    if (content === '') refuse(fileVariable, 'names an empty file');
    else refuse(fileVariable, 'names a file whose text has quotes around it; remove them');
  } catch {
    refuse(fileVariable, quotes.test(file) ? quoted : 'names a file that cannot be read');
  }
  return null;
}

type Rule = (
  readings: Readings<typeof entries>,
  context: { readonly env: Environment; readonly production: boolean; readonly refuse: Refuse },
) => void;

function refuseDatabase(
  { database }: Pick<Readings<typeof entries>, 'database'>,
  { env, production, refuse }: Parameters<Rule>[1],
): void {
  const of = entries.database;
  const { address, replicaUrls } = database;
  if (!production && replicaUrls?.length && !isSet(env, of.address))
    refuse(of.address, 'is required beside DATABASE_REPLICA_URLS');
  if (!production || database.allowInsecure !== false) return;
  const rule =
    'turns TLS off to another machine; acknowledge that by ALLOW_INSECURE_DATABASE=true or ' +
    'remove sslmode';
  if (address && isPlainAndRemote(address.url)) refuse(of.address, rule);
  if (replicaUrls?.some(isPlainAndRemote)) refuse(of.replicaUrls, rule);
}

/** Rules between variables, and production's requirements. */
const rules: readonly Rule[] = [
  refuseDatabase,
  ({ port, metricsPort }, { refuse }) => {
    if (port !== undefined && port === metricsPort) refuse(entries.metricsPort, 'must not be PORT');
  },
  ({ shutdownDelay, shutdownDeadline }, { refuse }) => {
    if (shutdownDelay === undefined || shutdownDeadline === undefined) return;
    if (shutdownDelay >= shutdownDeadline)
      refuse(entries.shutdownDeadline, 'must be longer than SHUTDOWN_DELAY');
  },
  ({ publicUrl, appUrl, corsOrigins }, { production, refuse }) => {
    if (!production) return;
    const rule = 'must be https in production, unless the host is this machine';
    if (publicUrl && !isHttpsOrLoopback(publicUrl)) refuse(entries.publicUrl, rule);
    if (appUrl && !isHttpsOrLoopback(appUrl)) refuse(entries.appUrl, rule);
    if (corsOrigins?.every(isHttpsOrLoopback) === false) refuse(entries.corsOrigins, rule);
  },
  ({ pages }, { env, refuse }) => {
    if (pages === false && !isSet(env, entries.appUrl))
      refuse(entries.appUrl, 'is required with PAGES=off: links in mails would lead nowhere');
  },
  ({ graphiql }, { production, refuse }) => {
    if (production && graphiql) refuse(entries.graphiql, 'must be off in production');
  },
  ({ mail }, { env, production, refuse }) => {
    const { transport } = mail;
    const of = entries.mail;
    if (production && transport === 'mailbox')
      refuse(of.transport, 'must not be mailbox in production: users would get no codes');
    if (mail.baseUrl && !isHttpsOrLoopback(mail.baseUrl))
      refuse(of.baseUrl, 'must be https, unless the host is this machine');
    if (transport !== 'resend' && transport !== 'smtp') return;
    const needed: Entry<unknown>[] = [transport === 'resend' ? of.apiKey : of.smtpUrl];
    // Production has already required it.
    if (!production) needed.push(of.from);
    for (const each of needed)
      if (!isSet(env, each)) refuse(each, `is required for MAIL_TRANSPORT=${transport}`);
  },
  ({ breachedPasswords }, { refuse }) => {
    const { mode, url, file } = breachedPasswords;
    const of = entries.breachedPasswords;
    if (url && !isHttpsOrLoopback(url))
      refuse(of.url, 'must be https, unless the host is this machine');
    if (mode === 'file' && file === null)
      refuse(of.file, 'is required for BREACHED_PASSWORDS=file');
  },
  ({ workers }, { env, production, refuse }) => {
    if (
      !production &&
      !isSet(env, entries.database.address) &&
      workers !== undefined &&
      workers > 1
    )
      refuse(entries.workers, 'must be 1 on the embedded database, which has one process');
  },
  ({ bcryptConcurrency }, { env, refuse }) => {
    if (bcryptConcurrency && bcryptConcurrency >= threadPoolSize(env)) {
      const rule = `takes ${poolSizeVariable} of at least one more`;
      refuse(entries.bcryptConcurrency, rule);
    }
  },
  refuseConsole,
  refusePasskeys,
  refuseIdentities,
  refuseSharedSecrets,
  refuseTlsFiles,
];

function refuseConsole(
  { consoleUrl, publicUrl, port }: Readings<typeof entries>,
  { refuse }: Parameters<Rule>[1],
): void {
  if (!consoleUrl || publicUrl === undefined) return;
  const [own, other] = [new URL(consoleUrl), new URL(publicUrl ?? `http://localhost:${port}`)];
  if (own.hostname === other.hostname)
    refuse(entries.consoleUrl, 'must have another host than PUBLIC_URL, or be left out');
  if (own.protocol !== other.protocol)
    refuse(entries.consoleUrl, 'must begin as PUBLIC_URL does, with https or http');
}

function refusePasskeys(
  { passkeys, publicUrl, appUrl, port }: Readings<typeof entries>,
  { production, refuse }: Parameters<Rule>[1],
): void {
  const { enabled, rpId, origins, limit } = passkeys;
  const of = entries.passkeys;
  if (enabled !== true || rpId === undefined || origins === undefined || limit === undefined)
    return;
  if (production && origins?.some((each) => !isAppOrigin(each) && !isHttpsOrLoopback(each)))
    refuse(of.origins, 'must be https in production, unless the host is this machine');
  if (publicUrl === undefined || appUrl === undefined) return;
  const app = appUrl ?? publicUrl ?? `http://localhost:${port}`;
  if (!fitsOrigins(passkeySettings({ enabled, rpId, origins, limit }, app)))
    refuse(of.rpId, 'must be the host of one of PASSKEY_ORIGINS, or a domain above it');
}

function refuseIdentities(
  { identityProviders, identityReturnUrls, identityAllowPrivate }: Readings<typeof entries>,
  { production, refuse }: Parameters<Rule>[1],
): void {
  if (production && identityAllowPrivate)
    refuse(entries.identityAllowPrivate, 'must be off in production');
  if (
    production &&
    identityReturnUrls?.some((url) => /^http:/.test(url) && !isHttpsOrLoopback(url))
  )
    refuse(
      entries.identityReturnUrls,
      'must be https in production, unless the host is this machine',
    );
  const allowsLocal = identityAllowPrivate === true && !production;
  for (const [index, { issuer, oauth2 }] of (identityProviders ?? []).entries()) {
    const { authorizationUrl, tokenUrl, userinfoUrl, emailsUrl } = oauth2 ?? {};
    const urls = Object.entries({ issuer, authorizationUrl, tokenUrl, userinfoUrl, emailsUrl });
    for (const [name, url] of urls) {
      if (!url?.startsWith('http:') || (allowsLocal && isHttpsOrLoopback(url))) continue;
      const rule = 'must be https, or of this machine with IDENTITY_ALLOW_PRIVATE in development';
      refuse(entries.identityProviders, `entry ${index + 1} ${name} ${rule}`);
    }
  }
}

/**
 * SECURITY: a party that learns one secret, such as the mail provider, must not have another (CF-2,
 * ASVS 13.2.3).
 */
function refuseSharedSecrets(readings: Readings<typeof entries>, { refuse }: { refuse: Refuse }) {
  const { secretKeys, gatewayToken, mail, database, identityProviders = [] } = readings;
  const purposes: [Entry<unknown>, Uint8Array | string | null | undefined][] = [
    [entries.secretKeys.current, secretKeys.current],
    [entries.secretKeys.previous, secretKeys.previous],
    [entries.gatewayToken, gatewayToken],
    [entries.mail.apiKey, mail.apiKey],
    [entries.database.address, database.address && passwordOf(database.address.url)],
    [entries.mail.smtpUrl, mail.smtpUrl && passwordOf(mail.smtpUrl)],
    ...identityProviders.flatMap(({ clientSecret }): typeof purposes =>
      clientSecret?.kind === 'text' ? [[entries.identityProviders, clientSecret.value]] : [],
    ),
  ];
  const seen = new Map<string, string>();
  for (const [of, value] of purposes) {
    if (!value) continue;
    // In every encoding: a key's bytes in hex equal a token that was made from the same text.
    const spellings =
      typeof value === 'string'
        ? [value, ...decodings(value)]
        : [Buffer.from(value).toString('hex')];
    const first = spellings
      .map((spelling) => seen.get(spelling))
      .find((name) => name !== undefined);
    // Two entries of one client at one provider are the same party.
    if (first !== undefined && first !== of.name) refuse(of, `must not be the same as ${first}`);
    for (const spelling of spellings) if (!seen.has(spelling)) seen.set(spelling, of.name);
  }
}

function passwordOf(text: string): string {
  const { password } = new URL(hostUrls(text)[0] ?? '');
  try {
    return decodeURIComponent(password);
  } catch {
    return password;
  }
}

/** The bytes that a text may encode, in hex; a short text is no key. */
function decodings(text: string): string[] {
  const hex = /^(?:[0-9a-f]{2})+$/i.test(text) ? [text.toLowerCase()] : [];
  return text.length < 16 ? [] : [...hex, Buffer.from(text, 'base64').toString('hex')];
}

function refuseTlsFiles(
  { tls }: Readings<typeof entries>,
  { env, refuse }: { readonly env: Environment; readonly refuse: Refuse },
): void {
  const of = entries.tls;
  const isCertSet = isSet(env, of.certFile);
  const isKeySet = isSet(env, of.keyFile);
  if (isKeySet && !isCertSet) refuse(of.certFile, 'is required beside TLS_KEY_FILE');
  if (isCertSet && !isKeySet) refuse(of.keyFile, 'is required beside TLS_CERT_FILE');
  const readPem = (entry: Entry<unknown>, file: string | null | undefined): Buffer | null => {
    if (!file) return null;
    try {
      return readFileSync(file);
    } catch {
      refuse(entry, 'names a file that cannot be read');
      return null;
    }
  };
  const cert = readPem(of.certFile, tls.certFile);
  const key = readPem(of.keyFile, tls.keyFile);
  if (cert === null || key === null || isPair(cert, key)) return;
  refuse(of.certFile, 'must hold a certificate, and TLS_KEY_FILE its private key, both as PEM');
}

/** Whether the key belongs to the first certificate, the server's own (RFC 8446 4.4.2). */
function isPair(cert: Buffer, key: Buffer): boolean {
  try {
    return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}

/** Makes the combined members; the other entries are copied. */
function toConfig(values: Values, env: Environment, mode: Mode): Config {
  const { database, secretKeys, publicUrl, appUrl, jwt, mail, passkeys, tls, ...rest } = values;
  const { identityReturnUrls, ...others } = rest;
  const ownUrl = publicUrl ?? `http://localhost:${values.port}`;
  const app = appUrl ?? `${ownUrl}/account`;
  const current = present(secretKeys.current);
  const address = database.address ?? embedded;
  const { certFile, keyFile } = tls;
  return {
    ...others,
    mode,
    databaseUrl: address.url,
    databaseReplicaUrls: database.replicaUrls,
    databaseMaxConnections: address.maxConnections,
    databasePreparedStatements: address.prepares,
    dataDirectory,
    secretKeys: secretKeys.previous ? [current, secretKeys.previous] : [current],
    publicUrl: ownUrl,
    appUrl: app,
    jwt: { ...jwt, audience: jwt.audience ?? ownUrl },
    mail: mailSettings(mail, given(env, entries.productName.name) && values.productName),
    passkeys: passkeySettings(passkeys, app),
    // Without an app of one's own there are the built-in pages alone, which need no entry.
    identityReturnUrls:
      identityReturnUrls ?? (appUrl === null ? [] : [`${new URL(app).origin}/signed-in`]),
    tls: certFile === null || keyFile === null ? null : { certFile, keyFile },
    threadPoolSize: threadPoolSize(env),
    tracing: wantsTraces(env),
  };
}

/** `name` is that of a sender who has none. */
function mailSettings(mail: Values['mail'], name: string | undefined): MailSettings {
  const from = (): string => {
    const sender = present(mail.from);
    return formatSender({ ...sender, name: sender.name ?? name ?? null });
  };
  switch (mail.transport) {
    case 'resend': {
      const { transport, baseUrl } = mail;
      return { transport, apiKey: present(mail.apiKey), baseUrl, from: from() };
    }
    case 'smtp':
      return {
        transport: 'smtp',
        url: present(mail.smtpUrl),
        from: from(),
        allowInsecure: mail.smtpAllowInsecure,
      };
    default:
      return { transport: 'mailbox' };
  }
}

/** A value that is missing here has already been reported and thrown. */
function present<T>(value: T | null): T {
  if (value === null) throw new Error('A setting has neither a value nor a problem.');
  return value;
}

/** As libuv reads it: default 4, at most 1024. */
function threadPoolSize(env: Environment): number {
  const text = given(env, poolSizeVariable);
  if (text === undefined) return 4;
  return Math.min(Math.max(Number.parseInt(text, 10) || 1, 1), 1024);
}

/** As OpenTelemetry's SDK for Node decides it; only its exporter is loaded here. */
function wantsTraces(env: Environment): boolean {
  const isDisabled = given(env, 'OTEL_SDK_DISABLED')?.toLowerCase() === 'true';
  if (isDisabled || given(env, 'OTEL_TRACES_EXPORTER') === 'none') return false;
  return ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'].some(
    (name) => given(env, name) !== undefined,
  );
}
