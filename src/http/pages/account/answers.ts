import type { AuditType } from '../../../domain/audit/record.ts';
import type { ErrorCode } from '../../../errors.ts';

/** Members of the API's unions, as far as pages select them (`fragments`). */
export type Tokens = {
  readonly __typename: 'AuthTokens';
  readonly accessToken: string;
  /** ISO 8601. */
  readonly accessTokenExpiresAt: string;
};

/** A passkey's ceremony that waits for the browser. */
export type Ceremony = {
  readonly id: string;
  /** For the browser, as they are. */
  readonly options: Readonly<Record<string, unknown>>;
  /** ISO 8601. */
  readonly expiresAt: string;
};

export type Challenge = {
  readonly __typename: 'OtpChallenge';
  readonly id: string;
  readonly purpose: 'VERIFY_EMAIL' | 'LOGIN' | 'STEP_UP' | 'CHANGE_EMAIL' | 'LINK_IDENTITY';
  readonly methods: readonly ('EMAIL' | 'TOTP' | 'RECOVERY_CODE')[];
  /** Masked; null where nothing was sent. */
  readonly sentTo: string | null;
  /** ISO 8601. */
  readonly resendAvailableAt: string | null;
  /** Meets the challenge, too; null where the account has none. */
  readonly passkey?: Ceremony | null | undefined;
};

export type Refusal = {
  readonly __typename: 'AuthError';
  readonly code: ErrorCode;
  readonly fields: readonly { readonly path: string; readonly code: string }[];
  /** Seconds. */
  readonly retryAfter: number | null;
};

/** The way to another provider. */
export type IdentityRedirect = {
  readonly __typename: 'AuthIdentityRedirect';
  readonly url: string;
};

/** What a form's mutation answers: one of the four above, or what its page alone awaits. */
export type Result = Tokens | Challenge | Refusal | IdentityRedirect | Other;

export type Other = {
  readonly __typename:
    | 'AuthAccepted'
    | 'AuthIdentity'
    | 'User'
    | 'TotpEnrollment'
    | 'RecoveryCodes'
    | 'AccountExport'
    | 'PasskeyChallenge'
    | 'Passkey'
    | 'PasskeySignals';
  readonly [member: string]: unknown;
};

export type Event = {
  readonly type: AuditType;
  readonly outcome: 'SUCCESS' | 'FAILURE';
  readonly at: string;
  readonly device: string | null;
  readonly ipAddress: string | null;
};

/** Who is signed in: what the frame around every page of an account shows (`...Person`). */
export type Person = {
  readonly me: { readonly name: string | null; readonly email: string } | null;
  readonly account: { readonly locale: string | null } | null;
};

const fragments: Readonly<Record<string, string>> = {
  Tokens: 'on AuthTokens { accessToken accessTokenExpiresAt }',
  Challenge:
    'on OtpChallenge { id purpose methods sentTo resendAvailableAt ' +
    'passkey { id options expiresAt } }',
  Ceremony: 'on PasskeyChallenge { id options expiresAt }',
  IdentityRedirect: 'on AuthIdentityRedirect { url }',
  Refusal: 'on AuthError { code fields { path code } retryAfter }',
  Person: 'on Query { me { name email } account { locale } }',
};

/** A page's GraphQL document: its operations, and the fragments that they spread. */
export function graphqlDocument(operations: string): string {
  const spread = Object.entries(fragments).filter(([name]) => operations.includes(`...${name}`));
  return [operations.trim(), ...spread.map(([name, body]) => `fragment ${name} ${body}`)].join(
    '\n',
  );
}
