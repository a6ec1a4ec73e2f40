export type JwtAlgorithm = 'RS256' | 'ES256' | 'EdDSA' | 'HS256';
export type MailSettings =
  | { readonly transport: 'mailbox' }
  | { readonly transport: 'resend'; readonly apiKey: string; readonly baseUrl: string | null; readonly from: string }
  | { readonly transport: 'smtp'; readonly url: string; readonly from: string };

/** The configuration as the rest of the code sees it. Durations are whole seconds. */
export type Config = {
  readonly mode: 'production' | 'development';
  /** Null: the embedded database under dataDirectory (development only). */
  readonly databaseUrl: string | null;
  readonly databaseReplicaUrls: readonly string[];
  /** Where development keeps its database, secrets and mailbox. */
  readonly dataDirectory: string;
  /** The current SECRET_KEY first, then the previous one where set; raw bytes. */
  readonly secretKeys: readonly Uint8Array[];
  /** An origin, no trailing slash. */
  readonly publicUrl: string;
  readonly appUrl: string;
  readonly jwt: { readonly algorithm: JwtAlgorithm; readonly audience: string; readonly type: 'JWT' | 'at+jwt' };
  readonly accessTokenTtl: number;
  readonly sessionIdleTtl: number;
  readonly sessionAbsoluteTtl: number;
  readonly refreshGrace: number;
  readonly bcryptCost: number;
  readonly passwordMinLength: number;
  readonly mail: MailSettings;
  readonly corsOrigins: readonly string[];
  readonly trustedProxies: readonly string[];
  readonly gatewayToken: string | null;
  readonly rateLimitMultiplier: number;
  readonly introspection: boolean;
  readonly graphiql: boolean;
  readonly registration: 'open' | 'invite';
  readonly workers: number;
  readonly host: string;
  readonly port: number;
  readonly metricsPort: number | null;
  readonly logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';
  readonly migrateOnStart: boolean;
};
