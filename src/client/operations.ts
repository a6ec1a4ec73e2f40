// Generated from schema.graphql by `npm run schema`. Edit scripts/client-operations.mjs instead.

/** The request was taken. Says nothing of whether an account exists. */
export type AuthAccepted = {
  /** Always true. */
  readonly accepted: boolean;
};

/** An outcome other than success that a client has to handle. */
export type AuthError = {
  /** What happened; stable, for programs. */
  readonly code: AuthErrorCode;
  /** For a person to read; never names an account that the caller may not know of. */
  readonly message: string;
  /** With VALIDATION_FAILED: which fields break which rules. */
  readonly fields: readonly AuthFieldError[];
  /** Seconds, with RATE_LIMITED. */
  readonly retryAfter: number | null;
};

/** Outcomes that a client has to handle. */
export type AuthErrorCode =
  | 'VALIDATION_FAILED'
  | 'INVALID_CREDENTIALS'
  | 'INVALID_OR_EXPIRED_CODE'
  | 'INVALID_OR_EXPIRED_TOKEN'
  | 'STEP_UP_REQUIRED'
  | 'RATE_LIMITED'
  | 'NOT_FOUND'
  | 'CONFLICT';

/** One rule that one input field breaks. */
export type AuthFieldError = {
  /** The input field, such as `password`. */
  readonly path: string;
  /** The rule, such as `TOO_SHORT`; stable, for programs. */
  readonly code: string;
  /** For a person to read. Never repeats what was sent. */
  readonly message: string;
};

/** A signed-in device. */
export type AuthSession = {
  /** Also the `sid` claim of its access tokens. */
  readonly id: string;
  /** When it began. */
  readonly createdAt: string;
  /** When it was last refreshed, or began. */
  readonly lastUsedAt: string;
  /** When it ends at the latest, however much it is used. */
  readonly expiresAt: string;
  /** When the user last proved who they are in this session. */
  readonly authenticatedAt: string;
  /** How: pwd, otp, mfa, hwk ... (RFC 8176). */
  readonly methods: readonly string[];
  /** Where it began. */
  readonly ipAddress: string | null;
  /** Browser and system, read from the User-Agent: `Firefox on Linux`. */
  readonly device: string | null;
  /** Whether it is the one that asks. */
  readonly current: boolean;
};

/** A pair of tokens for a session that has just begun or been refreshed. */
export type AuthTokens = {
  /** A JWT, for the header `Authorization: Bearer …`. */
  readonly accessToken: string;
  /** When the access token expires. Refresh a little before. */
  readonly accessTokenExpiresAt: string;
  /** Null when tokenDelivery is COOKIE: the token is then in an HttpOnly cookie only. */
  readonly refreshToken: string | null;
  /** When the session ends unless it is refreshed before. */
  readonly refreshTokenExpiresAt: string;
  /** The session that the tokens belong to. */
  readonly session: AuthSession;
  /** Who has signed in. */
  readonly user: User;
};

/** Input of `login`. */
export type LoginInput = {
  /** The address of the account. */
  readonly email: string;
  /** The password. */
  readonly password: string;
};

/** What `login` answers. */
export type LoginResult =
  | ({ readonly __typename: 'AuthTokens' } & AuthTokens)
  | ({ readonly __typename: 'OtpChallenge' } & OtpChallenge)
  | ({ readonly __typename: 'AuthError' } & AuthError);

/** Input of `logout`. */
export type LogoutInput = {
  /** Names the session where no access token does. Left out in cookie mode. */
  readonly refreshToken?: string | null | undefined;
  /** Ends every session of the user. */
  readonly everywhere?: boolean | null | undefined;
};

/** What `logout` answers. */
export type LogoutResult =
  | ({ readonly __typename: 'AuthAccepted' } & AuthAccepted)
  | ({ readonly __typename: 'AuthError' } & AuthError);

/** A code is awaited. The same shape comes back whether or not the account exists. */
export type OtpChallenge = {
  /** For `verifyOtp` and `resendOtp`. Opaque; keep it as a secret of this device. */
  readonly id: string;
  /** What the code is for. */
  readonly purpose: OtpPurpose;
  /** The ways in which this challenge can be met, the best first. */
  readonly methods: readonly OtpMethod[];
  /** Where the code went, masked (u***@example.com); null when nothing was sent. */
  readonly sentTo: string | null;
  /** The code is good until then. */
  readonly expiresAt: string;
  /** From then on `resendOtp` sends another; null where nothing is sent. */
  readonly resendAvailableAt: string | null;
};

/** A way to meet a challenge. */
export type OtpMethod = 'EMAIL' | 'TOTP' | 'RECOVERY_CODE';

/** What a challenge is for. A code for one purpose is of no use for another. */
export type OtpPurpose = 'VERIFY_EMAIL' | 'LOGIN' | 'STEP_UP' | 'CHANGE_EMAIL';

/** Input of `refreshSession`. */
export type RefreshSessionInput = {
  /** Left out in cookie mode. */
  readonly refreshToken?: string | null | undefined;
};

/** What `refreshSession` answers. */
export type RefreshSessionResult =
  | ({ readonly __typename: 'AuthTokens' } & AuthTokens)
  | ({ readonly __typename: 'AuthError' } & AuthError);

/** Input of `register`. */
export type RegisterInput = {
  /** One e-mail address; a code goes there. */
  readonly email: string;
  /** Any characters, spaces too. Length and strength count, not the kinds of characters. */
  readonly password: string;
  /** The name that the user goes by, 100 characters at most. */
  readonly name?: string | null | undefined;
};

/** What `register` answers. */
export type RegisterResult =
  | ({ readonly __typename: 'OtpChallenge' } & OtpChallenge)
  | ({ readonly __typename: 'AuthError' } & AuthError);

/** Input of `requestLoginCode`. */
export type RequestLoginCodeInput = {
  /** The address of the account. */
  readonly email: string;
};

/** What `requestLoginCode` answers. */
export type RequestLoginCodeResult =
  | ({ readonly __typename: 'OtpChallenge' } & OtpChallenge)
  | ({ readonly __typename: 'AuthError' } & AuthError);

/** Input of `resendOtp`. */
export type ResendOtpInput = {
  /** The id of the OtpChallenge. */
  readonly challengeId: string;
};

/** What `resendOtp` answers. */
export type ResendOtpResult =
  | ({ readonly __typename: 'OtpChallenge' } & OtpChallenge)
  | ({ readonly __typename: 'AuthError' } & AuthError);

/** A person with an account. Only `id` is sure to be there: the rest is null where the caller may not see it. */
export type User = {
  /** Stable and never used again. */
  readonly id: string;
  /** Seen by the user, by admins and by the trusted gateway; null to everyone else. */
  readonly email: string | null;
  /** Whether the user has proved that the address is theirs. */
  readonly emailVerified: boolean | null;
  /** The name that the user goes by. */
  readonly name: string | null;
  /** Roles in lower case; `admin` opens administration. */
  readonly roles: readonly string[] | null;
  /** When the account was begun. */
  readonly createdAt: string | null;
  /** Seen by the user and by admins, as are the next two. */
  readonly status: UserStatus | null;
  /** When the user last signed in. */
  readonly lastLoginAt: string | null;
  /** Whether an authenticator app is set up. */
  readonly totpEnabled: boolean | null;
};

/** The state of an account. */
export type UserStatus = 'ACTIVE' | 'UNVERIFIED' | 'SUSPENDED';

/** Input of `verifyOtp`. */
export type VerifyOtpInput = {
  /** The id of the OtpChallenge. */
  readonly challengeId: string;
  /** As the person typed it; spaces and hyphens do not matter. */
  readonly code: string;
  /** May be left out where the challenge offers one method only, or the code’s shape tells. */
  readonly method?: OtpMethod | null | undefined;
};

/** What `verifyOtp` answers. */
export type VerifyOtpResult =
  | ({ readonly __typename: 'AuthTokens' } & AuthTokens)
  | ({ readonly __typename: 'OtpChallenge' } & OtpChallenge)
  | ({ readonly __typename: 'AuthError' } & AuthError);

/** Each mutation: what it takes and what it answers. */
export type Mutations = {
  /** Begins an account. A code goes to the address; verifyOtp completes it. The answer is the same for a taken address, whose owner gets a notice. */
  register: { input: RegisterInput; result: RegisterResult };
  /** Signs in with a password. With a second factor set up, a challenge follows. */
  login: { input: LoginInput; result: LoginResult };
  /** Sign-in without a password: a code and a link to the address. */
  requestLoginCode: { input: RequestLoginCodeInput; result: RequestLoginCodeResult };
  /** Meets a challenge from register, login, requestLoginCode or reauthenticate. */
  verifyOtp: { input: VerifyOtpInput; result: VerifyOtpResult };
  /** Sends a new code in place of the old one. Wrong tries stay counted; thirty seconds have to lie between two codes. */
  resendOtp: { input: ResendOtpInput; result: ResendOtpResult };
  /** Trades a refresh token for the next one and a new access token. Asked twice within the grace window, it answers the same. */
  refreshSession: { input: RefreshSessionInput; result: RefreshSessionResult };
  /** Ends the session at once. Idempotent; works with an expired access token. */
  logout: { input: LogoutInput; result: LogoutResult };
};

/** What each mutation may answer, besides AuthError. */
export const yields: Readonly<Record<keyof Mutations, string>> = {
  register: 'OtpChallenge',
  login: 'AuthTokens OtpChallenge',
  requestLoginCode: 'OtpChallenge',
  verifyOtp: 'AuthTokens OtpChallenge',
  resendOtp: 'OtpChallenge',
  refreshSession: 'AuthTokens',
  logout: 'AuthAccepted',
};

/** What is asked of each type. */
export const selections: Readonly<Record<string, string>> = {
  AuthAccepted: 'accepted',
  AuthError: 'code message fields{path code message} retryAfter',
  AuthTokens:
    'accessToken accessTokenExpiresAt refreshToken refreshTokenExpiresAt session{id createdAt lastUsedAt expiresAt authenticatedAt methods ipAddress device current} user{id email emailVerified name roles createdAt status lastLoginAt totpEnabled}',
  OtpChallenge: 'id purpose methods sentTo expiresAt resendAvailableAt',
};
