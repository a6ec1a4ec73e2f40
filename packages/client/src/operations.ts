// Generated from schema.graphql by `npm run schema`. Edit scripts/client-operations.mjs instead.

/** The caller's own private settings. Never reachable for another user. */
export type Account = {
  /** The caller. */
  readonly user: User;
  /** False for one who signs in with mailed codes alone. */
  readonly hasPassword: boolean;
  /** When the password was last set here; null without one, or where it was imported. */
  readonly passwordChangedAt: string | null;
  /** Whether an authenticator app is set up. */
  readonly totpEnabled: boolean;
  /** Since when it is; null without one. */
  readonly totpEnabledAt: string | null;
  /** The language of mails, as a BCP 47 tag; null for the default. `updateProfile` changes it. */
  readonly locale: string | null;
  /** Recovery codes that are not used yet; 0 without an authenticator app. */
  readonly recoveryCodesLeft: number;
  /** The passkeys, the oldest first. */
  readonly passkeys: readonly Passkey[];
  /** The linked accounts at other providers, the oldest first. */
  readonly identities: readonly AuthIdentity[];
  /**
   * The user's own settings, 4 kB at most; `updateProfile` changes them. They decide nothing and
   * are in no token.
   */
  readonly preferences: Readonly<Record<string, unknown>>;
};

/** All that is stored about the caller, and nothing secret. */
export type AccountExport = {
  /** A JSON document. */
  readonly json: string;
  /** When it was put together. */
  readonly createdAt: string;
};

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
  | 'UNKNOWN_PASSKEY'
  | 'PROVIDER_REFUSED'
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

/** A nonce that one ID token may carry. */
export type AuthIdTokenNonce = {
  /** For `loginWithIdToken`. Opaque; good once. */
  readonly id: string;
  /** For the SDK of the provider, as it is. */
  readonly nonce: string;
  /** The ID token has to come until then. */
  readonly expiresAt: string;
};

/** An account at another provider that signs a user in. */
export type AuthIdentity = {
  /** For `unlinkIdentity`; for admins, `unlinkUserIdentity`. */
  readonly id: string;
  /** Where that account is. */
  readonly provider: AuthIdentityProvider;
  /** What the provider calls it, such as an address. */
  readonly label: string | null;
  /** When it was linked. */
  readonly createdAt: string;
  /** When it was last used; null before that. */
  readonly lastUsedAt: string | null;
};

/** Another provider that signs users in here. */
export type AuthIdentityProvider = {
  /** As the operator calls it: `google`. */
  readonly id: string;
  /** What a button says: `Google`. */
  readonly name: string;
  /** What it speaks. */
  readonly kind: AuthIdentityProviderKind;
};

/** What another provider speaks. */
export type AuthIdentityProviderKind = 'OIDC' | 'OAUTH2';

/** A way to the other provider, good once. */
export type AuthIdentityRedirect = {
  /** Send the browser there. */
  readonly url: string;
  /** The browser has to be back until then. */
  readonly expiresAt: string;
};

/** What a sign-in page needs to know before anyone has signed in. */
export type AuthOptions = {
  /** Whether anyone may register, or only who is invited. */
  readonly registrationOpen: boolean;
  /** Characters that a password has at least. */
  readonly passwordMinLength: number;
  /** Digits of an e-mailed code. */
  readonly otpLength: number;
  /** Whether the server takes passkeys. */
  readonly passkeys: boolean;
  /** The other providers that one may sign in with, in the operator's order. */
  readonly identityProviders: readonly AuthIdentityProvider[];
};

/** What lies before and after a page (Relay cursor connections). */
export type AuthPageInfo = {
  /** Whether more follow. */
  readonly hasNextPage: boolean;
  /** Whether some came before. */
  readonly hasPreviousPage: boolean;
  /** Of the first one on the page. */
  readonly startCursor: string | null;
  /** Of the last one: `after` for the next page. */
  readonly endCursor: string | null;
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
  /** The provider that vouched, where one did: the id of an AuthIdentityProvider. */
  readonly identityProvider: string | null;
  /** The network where it began: `203.0.113.0/24`, `2001:db8:7::/48`. */
  readonly ipAddress: string | null;
  /** Browser and system, read from the User-Agent: `Firefox on Linux`. */
  readonly device: string | null;
  /** Whether it is the one that asks. */
  readonly current: boolean;
};

/** A page of sessions, the newest first. */
export type AuthSessionConnection = {
  /** The sessions of the page. */
  readonly edges: readonly AuthSessionEdge[];
  /** What lies before and after. */
  readonly pageInfo: AuthPageInfo;
  /** Of all pages. */
  readonly totalCount: number;
};

/** A session in a list. */
export type AuthSessionEdge = {
  /** For `after`. */
  readonly cursor: string;
  /** The session. */
  readonly node: AuthSession;
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

/** Input of `changePassword`. */
export type ChangePasswordInput = {
  /** The present password; null where the account has none, after a fresh step-up. */
  readonly currentPassword?: string | null | undefined;
  /** The new password. */
  readonly newPassword: string;
};

/** What `changePassword` answers. */
export type ChangePasswordResult =
  | ({ readonly __typename: 'AuthAccepted' } & AuthAccepted)
  | ({ readonly __typename: 'AuthError' } & AuthError);

/** Input of `completeIdentityLink`. */
export type CompleteIdentityLinkInput = {
  /** What stands behind `#ticket=` in the address that the browser came back to. */
  readonly ticket: string;
  /** The verifier whose S256 was given at the start. */
  readonly codeVerifier: string;
};

/** What `completeIdentityLink` answers. */
export type CompleteIdentityLinkResult =
  | ({ readonly __typename: 'AuthIdentity' } & AuthIdentity)
  | ({ readonly __typename: 'AuthError' } & AuthError);

/** Input of `completeIdentityLogin`. */
export type CompleteIdentityLoginInput = {
  /** What stands behind `#ticket=` in the address that the browser came back to. */
  readonly ticket: string;
  /** The verifier whose S256 was given at the start. */
  readonly codeVerifier: string;
};

/** What `completeIdentityLogin` answers. */
export type CompleteIdentityLoginResult =
  | ({ readonly __typename: 'AuthTokens' } & AuthTokens)
  | ({ readonly __typename: 'OtpChallenge' } & OtpChallenge)
  | ({ readonly __typename: 'AuthError' } & AuthError);

/** Input of `confirmEmailChange`. */
export type ConfirmEmailChangeInput = {
  /** The id of the OtpChallenge from `requestEmailChange`. */
  readonly challengeId: string;
  /** As the person typed it; spaces and hyphens do not matter. */
  readonly code: string;
};

/** What `confirmEmailChange` answers. */
export type ConfirmEmailChangeResult =
  | ({ readonly __typename: 'User' } & User)
  | ({ readonly __typename: 'AuthError' } & AuthError);

/** Input of `confirmPasskeyRegistration`. */
export type ConfirmPasskeyRegistrationInput = {
  /** The id of the PasskeyChallenge. */
  readonly challengeId: string;
  /** What the browser's toJSON() gave. */
  readonly credential: Readonly<Record<string, unknown>>;
  /** What to call it, 100 characters at most; its provider or the device if left out. */
  readonly name?: string | null | undefined;
};

/** What `confirmPasskeyRegistration` answers. */
export type ConfirmPasskeyRegistrationResult =
  | ({ readonly __typename: 'Passkey' } & Passkey)
  | ({ readonly __typename: 'AuthError' } & AuthError);

/** Input of `confirmTotpEnrollment`. */
export type ConfirmTotpEnrollmentInput = {
  /** The id of the TotpEnrollment. */
  readonly enrollmentId: string;
  /** The code that the app shows now. */
  readonly code: string;
};

/** What `confirmTotpEnrollment` answers. */
export type ConfirmTotpEnrollmentResult =
  | ({ readonly __typename: 'RecoveryCodes' } & RecoveryCodes)
  | ({ readonly __typename: 'AuthError' } & AuthError);

/** Input of `createUser`. */
export type CreateUserInput = {
  /** One e-mail address that has no account yet. */
  readonly email: string;
  /** The name that the user goes by, 100 characters at most. */
  readonly name?: string | null | undefined;
  /** Roles as in `setUserRoles`; none unless given. */
  readonly roles?: readonly string[] | null | undefined;
  /** Whether a link to choose a password is mailed, good for 24 hours. */
  readonly sendInvitation?: boolean | null | undefined;
  /** The language of mails, such as `fr`. */
  readonly locale?: string | null | undefined;
  /** Why, for the audit trail; 200 characters at most. Name no person in it. */
  readonly reason?: string | null | undefined;
};

/** What `createUser` answers. */
export type CreateUserResult =
  | ({ readonly __typename: 'User' } & User)
  | ({ readonly __typename: 'AuthError' } & AuthError);

/** Input of `deleteAccount`. */
export type DeleteAccountInput = {
  /** The address of the account, typed once more: there is no way back. */
  readonly confirmEmail: string;
};

/** What `deleteAccount` answers. */
export type DeleteAccountResult =
  | ({ readonly __typename: 'AuthAccepted' } & AuthAccepted)
  | ({ readonly __typename: 'AuthError' } & AuthError);

/** Input of `deleteUser`. */
export type DeleteUserInput = {
  /** Whom. There is no way back. */
  readonly userId: string;
  /** Why, for the audit trail; 200 characters at most. Name no person in it. */
  readonly reason?: string | null | undefined;
};

/** What `deleteUser` answers. */
export type DeleteUserResult =
  | ({ readonly __typename: 'AuthAccepted' } & AuthAccepted)
  | ({ readonly __typename: 'AuthError' } & AuthError);

/** Input of `disableTotp`. */
export type DisableTotpInput = {
  /**
   * A code of the app or a recovery code. Not needed where the session has proved one within ten
   * minutes.
   */
  readonly code?: string | null | undefined;
};

/** What `disableTotp` answers. */
export type DisableTotpResult =
  | ({ readonly __typename: 'AuthAccepted' } & AuthAccepted)
  | ({ readonly __typename: 'AuthError' } & AuthError);

/** Input of `exportAccount`. */
export type ExportAccountInput = {
  /** `json` is the only one. */
  readonly format?: string | null | undefined;
};

/** What `exportAccount` answers. */
export type ExportAccountResult =
  | ({ readonly __typename: 'AccountExport' } & AccountExport)
  | ({ readonly __typename: 'AuthError' } & AuthError);

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

/** Input of `loginWithIdToken`. */
export type LoginWithIdTokenInput = {
  /** The id of the AuthIdTokenNonce. */
  readonly nonceId: string;
  /** The ID token that carries the nonce. */
  readonly idToken: string;
};

/** What `loginWithIdToken` answers. */
export type LoginWithIdTokenResult =
  | ({ readonly __typename: 'AuthTokens' } & AuthTokens)
  | ({ readonly __typename: 'OtpChallenge' } & OtpChallenge)
  | ({ readonly __typename: 'AuthError' } & AuthError);

/** Input of `logout`. */
export type LogoutInput = {
  /** Names the session where no access token does. Left out in cookie mode. */
  readonly refreshToken?: string | null | undefined;
  /**
   * Ends every session of the user; takes a recent proof of who asks. Without one it ends the own
   * session alone, and the answer is STEP_UP_REQUIRED.
   */
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
  /**
   * Meets this challenge with a passkey, by `verifyPasskey`; null where the account has none or
   * nothing was proved yet.
   */
  readonly passkey: PasskeyChallenge | null;
};

/** A way to meet a challenge. */
export type OtpMethod = 'EMAIL' | 'TOTP' | 'RECOVERY_CODE';

/** What a challenge is for. A code for one purpose is of no use for another. */
export type OtpPurpose = 'VERIFY_EMAIL' | 'LOGIN' | 'STEP_UP' | 'CHANGE_EMAIL' | 'LINK_IDENTITY';

/** A passkey of the caller. */
export type Passkey = {
  /** For `renamePasskey` and `removePasskey`. */
  readonly id: string;
  /** As the user calls it. */
  readonly name: string;
  /** When it was registered. */
  readonly createdAt: string;
  /** When it was last used; null before that. */
  readonly lastUsedAt: string | null;
  /** Kept by a password manager on several devices. */
  readonly synced: boolean;
  /** Such as iCloud Keychain, from the AAGUID; null where unknown. */
  readonly provider: string | null;
};

/** A ceremony that waits for the browser's answer. */
export type PasskeyChallenge = {
  /**
   * For `verifyPasskey` or `confirmPasskeyRegistration`. Opaque; good for one answer, right or
   * wrong.
   */
  readonly id: string;
  /** For PublicKeyCredential.parseRequestOptionsFromJSON, or parseCreationOptionsFromJSON. */
  readonly options: Readonly<Record<string, unknown>>;
  /** The answer has to come back until then. */
  readonly expiresAt: string;
};

/** What kind of authenticator the page expects, for the browser (WebAuthn 5.8.7). */
export type PasskeyHint = 'CLIENT_DEVICE' | 'SECURITY_KEY' | 'HYBRID';

/**
 * What the password manager should know: for signalAllAcceptedCredentials and
 * signalCurrentUserDetails.
 */
export type PasskeySignals = {
  /** The domain that the passkeys belong to. */
  readonly rpId: string;
  /** WebAuthn's user handle, in base64url. */
  readonly userId: string;
  /** Every passkey that the server accepts, in base64url; others may be hidden. */
  readonly credentialIds: readonly string[];
  /** The address of the account. */
  readonly name: string;
  /** The name that the user goes by, or the address. */
  readonly displayName: string;
};

/** Input of `reauthenticate`. */
export type ReauthenticateInput = {
  /**
   * The password. Left out by one who has none or steps up with a passkey: a code is mailed then.
   */
  readonly password?: string | null | undefined;
};

/** What `reauthenticate` answers. */
export type ReauthenticateResult =
  | ({ readonly __typename: 'AuthTokens' } & AuthTokens)
  | ({ readonly __typename: 'OtpChallenge' } & OtpChallenge)
  | ({ readonly __typename: 'AuthError' } & AuthError);

/** A new set of recovery codes, shown here and never again. The set before it is dead. */
export type RecoveryCodes = {
  /**
   * Ten. Each works once in place of the app. Case, spaces and hyphens do not matter when they are
   * typed.
   */
  readonly codes: readonly string[];
};

/** Input of `refreshSession`. */
export type RefreshSessionInput = {
  /** Left out in cookie mode. */
  readonly refreshToken?: string | null | undefined;
};

/** What `refreshSession` answers. */
export type RefreshSessionResult =
  | ({ readonly __typename: 'AuthTokens' } & AuthTokens)
  | ({ readonly __typename: 'AuthError' } & AuthError);

/** Input of `regenerateRecoveryCodes`. */
export type RegenerateRecoveryCodesInput = {
  /**
   * A code of the app or a recovery code. Not needed where the session has proved one within ten
   * minutes.
   */
  readonly code?: string | null | undefined;
};

/** What `regenerateRecoveryCodes` answers. */
export type RegenerateRecoveryCodesResult =
  | ({ readonly __typename: 'RecoveryCodes' } & RecoveryCodes)
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

/** Input of `reinstateUser`. */
export type ReinstateUserInput = {
  /** Whom. */
  readonly userId: string;
  /** Why, for the audit trail; 200 characters at most. Name no person in it. */
  readonly reason?: string | null | undefined;
};

/** What `reinstateUser` answers. */
export type ReinstateUserResult =
  | ({ readonly __typename: 'User' } & User)
  | ({ readonly __typename: 'AuthError' } & AuthError);

/** Input of `removePasskey`. */
export type RemovePasskeyInput = {
  /** The id of the Passkey. */
  readonly passkeyId: string;
};

/** What `removePasskey` answers. */
export type RemovePasskeyResult =
  | ({ readonly __typename: 'PasskeySignals' } & PasskeySignals)
  | ({ readonly __typename: 'AuthError' } & AuthError);

/** Input of `renamePasskey`. */
export type RenamePasskeyInput = {
  /** The id of the Passkey. */
  readonly passkeyId: string;
  /** What to call it, 100 characters at most. */
  readonly name: string;
};

/** What `renamePasskey` answers. */
export type RenamePasskeyResult =
  | ({ readonly __typename: 'Passkey' } & Passkey)
  | ({ readonly __typename: 'AuthError' } & AuthError);

/** Input of `requestEmailChange`. */
export type RequestEmailChangeInput = {
  /** One e-mail address; a code goes there. */
  readonly newEmail: string;
};

/** What `requestEmailChange` answers. */
export type RequestEmailChangeResult =
  | ({ readonly __typename: 'OtpChallenge' } & OtpChallenge)
  | ({ readonly __typename: 'AuthError' } & AuthError);

/** Input of `requestIdTokenNonce`. */
export type RequestIdTokenNonceInput = {
  /** The id of the AuthIdentityProvider. */
  readonly providerId: string;
};

/** What `requestIdTokenNonce` answers. */
export type RequestIdTokenNonceResult =
  | ({ readonly __typename: 'AuthIdTokenNonce' } & AuthIdTokenNonce)
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

/** Input of `requestPasskeyLogin`. */
export type RequestPasskeyLoginInput = {
  /** What the browser should offer first; 3 at most. */
  readonly hints?: readonly PasskeyHint[] | null | undefined;
};

/** What `requestPasskeyLogin` answers. */
export type RequestPasskeyLoginResult =
  | ({ readonly __typename: 'PasskeyChallenge' } & PasskeyChallenge)
  | ({ readonly __typename: 'AuthError' } & AuthError);

/** Input of `requestPasswordReset`. */
export type RequestPasswordResetInput = {
  /** The address of the account. Mail goes to the address that is stored. */
  readonly email: string;
};

/** What `requestPasswordReset` answers. */
export type RequestPasswordResetResult =
  | ({ readonly __typename: 'AuthAccepted' } & AuthAccepted)
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

/** Input of `resetPassword`. */
export type ResetPasswordInput = {
  /** What stands behind `#token=` in the mailed link. */
  readonly token: string;
  /** The new password. */
  readonly newPassword: string;
};

/** What `resetPassword` answers. */
export type ResetPasswordResult =
  | ({ readonly __typename: 'AuthAccepted' } & AuthAccepted)
  | ({ readonly __typename: 'AuthError' } & AuthError);

/** Input of `resetUserFactors`. */
export type ResetUserFactorsInput = {
  /** Whose. */
  readonly userId: string;
  /** Why, for the audit trail; 200 characters at most. Name no person in it. */
  readonly reason: string;
};

/** What `resetUserFactors` answers. */
export type ResetUserFactorsResult =
  | ({ readonly __typename: 'AuthAccepted' } & AuthAccepted)
  | ({ readonly __typename: 'AuthError' } & AuthError);

/** Input of `resetUserPassword`. */
export type ResetUserPasswordInput = {
  /** Whose. */
  readonly userId: string;
  /** Why, for the audit trail; 200 characters at most. Name no person in it. */
  readonly reason: string;
};

/** What `resetUserPassword` answers. */
export type ResetUserPasswordResult =
  | ({ readonly __typename: 'AuthAccepted' } & AuthAccepted)
  | ({ readonly __typename: 'AuthError' } & AuthError);

/** Input of `revokeSession`. */
export type RevokeSessionInput = {
  /** One of the sessions that `account` lists. */
  readonly sessionId: string;
};

/** What `revokeSession` answers. */
export type RevokeSessionResult =
  | ({ readonly __typename: 'AuthAccepted' } & AuthAccepted)
  | ({ readonly __typename: 'AuthError' } & AuthError);

/** Input of `revokeUserSession`. */
export type RevokeUserSessionInput = {
  /** Whose. */
  readonly userId: string;
  /** Which: one of `User.sessions`. */
  readonly sessionId: string;
  /** Why, for the audit trail; 200 characters at most. Name no person in it. */
  readonly reason?: string | null | undefined;
};

/** What `revokeUserSession` answers. */
export type RevokeUserSessionResult =
  | ({ readonly __typename: 'AuthAccepted' } & AuthAccepted)
  | ({ readonly __typename: 'AuthError' } & AuthError);

/** Input of `revokeUserSessions`. */
export type RevokeUserSessionsInput = {
  /** Whose. */
  readonly userId: string;
  /** Why, for the audit trail; 200 characters at most. Name no person in it. */
  readonly reason?: string | null | undefined;
};

/** What `revokeUserSessions` answers. */
export type RevokeUserSessionsResult =
  | ({ readonly __typename: 'AuthAccepted' } & AuthAccepted)
  | ({ readonly __typename: 'AuthError' } & AuthError);

/** Input of `setUserMetadata`. What is left out stays as it is, object by object and key by key. */
export type SetUserMetadataInput = {
  /** Whose. */
  readonly userId: string;
  /**
   * Keys to be set; null takes one away, and null in place of all keys does nothing. 8 kB in all, 5
   * levels, 100 keys an object, 64 characters a key.
   */
  readonly publicMetadata?: Readonly<Record<string, unknown>> | null | undefined;
  /** The same for `adminMetadata`. */
  readonly adminMetadata?: Readonly<Record<string, unknown>> | null | undefined;
  /** Why, for the audit trail; 200 characters at most. Name no person in it. */
  readonly reason?: string | null | undefined;
};

/** What `setUserMetadata` answers. */
export type SetUserMetadataResult =
  | ({ readonly __typename: 'User' } & User)
  | ({ readonly __typename: 'AuthError' } & AuthError);

/** Input of `setUserRoles`. */
export type SetUserRolesInput = {
  /** Whom. */
  readonly userId: string;
  /**
   * All the roles that the user has from now on, 20 at most: a-z, 0-9, colon, hyphen, underscore,
   * 40 characters each.
   */
  readonly roles: readonly string[];
  /** Why, for the audit trail; 200 characters at most. Name no person in it. */
  readonly reason?: string | null | undefined;
};

/** What `setUserRoles` answers. */
export type SetUserRolesResult =
  | ({ readonly __typename: 'User' } & User)
  | ({ readonly __typename: 'AuthError' } & AuthError);

/** Input of `startIdentityLink`. */
export type StartIdentityLinkInput = {
  /** The id of the AuthIdentityProvider. */
  readonly providerId: string;
  /** Where the browser comes back to, as for a sign-in. */
  readonly returnTo: string;
  /** S256 of a verifier that the app keeps for `completeIdentityLink` (RFC 7636). */
  readonly codeChallenge: string;
};

/** What `startIdentityLink` answers. */
export type StartIdentityLinkResult =
  | ({ readonly __typename: 'AuthIdentityRedirect' } & AuthIdentityRedirect)
  | ({ readonly __typename: 'AuthError' } & AuthError);

/** Input of `startIdentityLogin`. */
export type StartIdentityLoginInput = {
  /** The id of the AuthIdentityProvider. */
  readonly providerId: string;
  /**
   * Where the browser comes back to: one of the app's own addresses, exactly as it stands in the
   * operator's list.
   */
  readonly returnTo: string;
  /** S256 of a verifier that the app keeps for `completeIdentityLogin` (RFC 7636). */
  readonly codeChallenge: string;
  /** Who is about to sign in, for the provider: an address, 254 characters at most. */
  readonly loginHint?: string | null | undefined;
};

/** What `startIdentityLogin` answers. */
export type StartIdentityLoginResult =
  | ({ readonly __typename: 'AuthIdentityRedirect' } & AuthIdentityRedirect)
  | ({ readonly __typename: 'AuthError' } & AuthError);

/** Input of `startPasskeyRegistration`. */
export type StartPasskeyRegistrationInput = {
  /**
   * Asked for without a click, right after a password sign-in: takes a password proved within five
   * minutes in place of the step-up.
   */
  readonly conditional?: boolean | null | undefined;
};

/** What `startPasskeyRegistration` answers. */
export type StartPasskeyRegistrationResult =
  | ({ readonly __typename: 'PasskeyChallenge' } & PasskeyChallenge)
  | ({ readonly __typename: 'AuthError' } & AuthError);

/** Input of `startTotpEnrollment`. */
export type StartTotpEnrollmentInput = {
  /**
   * What the app shows beside the name of the service, 100 characters at most; the e-mail address
   * where left out.
   */
  readonly label?: string | null | undefined;
};

/** What `startTotpEnrollment` answers. */
export type StartTotpEnrollmentResult =
  | ({ readonly __typename: 'TotpEnrollment' } & TotpEnrollment)
  | ({ readonly __typename: 'AuthError' } & AuthError);

/** Input of `suspendUser`. */
export type SuspendUserInput = {
  /** Whom. */
  readonly userId: string;
  /**
   * The account opens again by itself at this time, five years ahead at most. Without it, once an
   * administrator reinstates the user.
   */
  readonly until?: string | null | undefined;
  /** Why, for the audit trail; 200 characters at most. Name no person in it. */
  readonly reason?: string | null | undefined;
};

/** What `suspendUser` answers. */
export type SuspendUserResult =
  | ({ readonly __typename: 'User' } & User)
  | ({ readonly __typename: 'AuthError' } & AuthError);

/** An authenticator app that waits for its first code. The secret is shown here and never again. */
export type TotpEnrollment = {
  /** For `confirmTotpEnrollment`. */
  readonly id: string;
  /** In base32, to type where no camera is at hand. */
  readonly secret: string;
  /** The secret as an otpauth:// address, which authenticator apps open. */
  readonly uri: string;
  /** An SVG picture of the uri. */
  readonly qrCode: string;
  /** A code has to come back until then; nothing changes without one. */
  readonly expiresAt: string;
};

/** Input of `undoEmailChange`. */
export type UndoEmailChangeInput = {
  /** The link that the old address was sent: what stands behind `#token=`. */
  readonly token: string;
};

/** What `undoEmailChange` answers. */
export type UndoEmailChangeResult =
  | ({ readonly __typename: 'AuthAccepted' } & AuthAccepted)
  | ({ readonly __typename: 'AuthError' } & AuthError);

/** Input of `unlinkIdentity`. */
export type UnlinkIdentityInput = {
  /** The id of the AuthIdentity. */
  readonly identityId: string;
};

/** What `unlinkIdentity` answers. */
export type UnlinkIdentityResult =
  | ({ readonly __typename: 'AuthAccepted' } & AuthAccepted)
  | ({ readonly __typename: 'AuthError' } & AuthError);

/** Input of `unlinkUserIdentity`. */
export type UnlinkUserIdentityInput = {
  /** Whose. */
  readonly userId: string;
  /** The id of the AuthIdentity. */
  readonly identityId: string;
  /** Why, for the audit trail; 200 characters at most. Name no person in it. */
  readonly reason: string;
};

/** What `unlinkUserIdentity` answers. */
export type UnlinkUserIdentityResult =
  | ({ readonly __typename: 'AuthAccepted' } & AuthAccepted)
  | ({ readonly __typename: 'AuthError' } & AuthError);

/** Input of `updateProfile`. What is left out stays as it is; null takes it away. */
export type UpdateProfileInput = {
  /** The name that the user goes by, 100 characters at most. */
  readonly name?: string | null | undefined;
  /**
   * The language of mails, as a BCP 47 tag: en, de, fr, es, ja or ar, or a variety of one, such as
   * `de-AT`.
   */
  readonly locale?: string | null | undefined;
  /**
   * Settings of your own, 4 kB in all, key by key: what is left out stays, null takes a key away. 5
   * levels, 100 keys an object, 64 characters a key.
   */
  readonly preferences?: Readonly<Record<string, unknown>> | null | undefined;
};

/** What `updateProfile` answers. */
export type UpdateProfileResult =
  | ({ readonly __typename: 'User' } & User)
  | ({ readonly __typename: 'AuthError' } & AuthError);

/**
 * A person with an account. Only `id` is sure to be there: the rest is null where the caller may
 * not see it.
 */
export type User = {
  /** Stable and never used again. */
  readonly id: string;
  /**
   * Seen by the user, by admins, and by a gateway that GATEWAY_USER_FIELDS opens it to, as are
   * `emailVerified`, `roles` and `createdAt`; null to everyone else.
   */
  readonly email: string | null;
  /** Whether the user has proved that the address is theirs. */
  readonly emailVerified: boolean | null;
  /** The name that the user goes by. */
  readonly name: string | null;
  /** Roles in lower case; `admin` opens administration. */
  readonly roles: readonly string[] | null;
  /** When the account was begun. */
  readonly createdAt: string | null;
  /** Seen by the user and by admins, as are the next three. */
  readonly status: UserStatus | null;
  /** When the user last signed in. */
  readonly lastLoginAt: string | null;
  /** Whether an authenticator app is set up. */
  readonly totpEnabled: boolean | null;
};

/** The state of an account. */
export type UserStatus = 'ACTIVE' | 'UNVERIFIED' | 'SUSPENDED';

/** Input of `verifyLink`. */
export type VerifyLinkInput = {
  /** What stands behind `#token=` in the link. */
  readonly token: string;
  /**
   * The id of the OtpChallenge, where this device began the registration: it is then completed as
   * it was begun.
   */
  readonly challengeId?: string | null | undefined;
  /**
   * The password of the registration, typed once more where another device began it: it is then
   * completed as it was begun.
   */
  readonly password?: string | null | undefined;
};

/** What `verifyLink` answers. */
export type VerifyLinkResult =
  | ({ readonly __typename: 'AuthTokens' } & AuthTokens)
  | ({ readonly __typename: 'OtpChallenge' } & OtpChallenge)
  | ({ readonly __typename: 'AuthError' } & AuthError);

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

/** Input of `verifyPasskey`. */
export type VerifyPasskeyInput = {
  /** The id of the PasskeyChallenge. */
  readonly challengeId: string;
  /** What the browser's toJSON() gave. */
  readonly credential: Readonly<Record<string, unknown>>;
};

/** What `verifyPasskey` answers. */
export type VerifyPasskeyResult =
  | ({ readonly __typename: 'AuthTokens' } & AuthTokens)
  | ({ readonly __typename: 'OtpChallenge' } & OtpChallenge)
  | ({ readonly __typename: 'AuthError' } & AuthError);

/** What `sessions` takes. */
export type SessionsVariables = {
  /** How many, 1 to 100. */
  readonly first?: number | null | undefined;
  /** The cursor of the one after which the page begins. */
  readonly after?: string | null | undefined;
};

/** Each mutation: what it takes and what it answers. */
export type Mutations = {
  /**
   * Begins an account. A code goes to the address; verifyOtp completes it. The answer is the same
   * for a taken address, whose owner gets a notice.
   */
  register: { input: RegisterInput; result: RegisterResult };
  /**
   * Signs in with a password. With a second factor set up, a challenge follows; also, for a code
   * mailed to the address, after too many wrong passwords in a row (docs/security.md).
   */
  login: { input: LoginInput; result: LoginResult };
  /** Sign-in without a password: a code and a link to the address. */
  requestLoginCode: { input: RequestLoginCodeInput; result: RequestLoginCodeResult };
  /**
   * Makes an account and mails its owner a link to choose a password. Nobody can sign in before the
   * mailbox is proved. Admins, with a recent step-up.
   */
  createUser: { input: CreateUserInput; result: CreateUserResult };
  /**
   * Closes an account to its owner and ends its sessions at once; again for a suspended one, it
   * changes until when. Admins, with a recent step-up.
   */
  suspendUser: { input: SuspendUserInput; result: SuspendUserResult };
  /**
   * Opens a suspended account again. Its old sessions stay ended. Admins, with a recent step-up.
   */
  reinstateUser: { input: ReinstateUserInput; result: ReinstateUserResult };
  /**
   * Gives a user these roles and no others, from the next request on. The last admin keeps the
   * role. Admins, with a recent step-up.
   */
  setUserRoles: { input: SetUserRolesInput; result: SetUserRolesResult };
  /** Signs a user out everywhere at once. Admins, with a recent step-up. */
  revokeUserSessions: { input: RevokeUserSessionsInput; result: RevokeUserSessionsResult };
  /**
   * Signs a user out on one device at once. A session that has ended or is not theirs is NOT_FOUND.
   * Admins, with a recent step-up.
   */
  revokeUserSession: { input: RevokeUserSessionInput; result: RevokeUserSessionResult };
  /** Changes what is kept with a user, key by key. Admins, with a recent step-up. */
  setUserMetadata: { input: SetUserMetadataInput; result: SetUserMetadataResult };
  /**
   * Takes the password of a user away, signs them out everywhere, and mails them a link to choose
   * another. Nobody else gets the link. Admins, with a recent step-up.
   */
  resetUserPassword: { input: ResetUserPasswordInput; result: ResetUserPasswordResult };
  /**
   * Removes the second factors, passkeys and linked accounts of a user who has lost them, and signs
   * them out everywhere; they are told by mail. Admins, with a recent step-up.
   */
  resetUserFactors: { input: ResetUserFactorsInput; result: ResetUserFactorsResult };
  /**
   * Takes a linked account away from a user, even the last way in, and signs them out everywhere;
   * they are told by mail. Admins, with a recent step-up.
   */
  unlinkUserIdentity: { input: UnlinkUserIdentityInput; result: UnlinkUserIdentityResult };
  /**
   * Erases a user and all that is personal; the trail stays under random ids. The last admin stays.
   * Admins, with a recent step-up.
   */
  deleteUser: { input: DeleteUserInput; result: DeleteUserResult };
  /** Meets a challenge from register, login, requestLoginCode or reauthenticate. */
  verifyOtp: { input: VerifyOtpInput; result: VerifyOtpResult };
  /**
   * Meets a challenge by the token that stands behind `#token=` in the mail’s link, which no one
   * but the mailbox’s owner has: wrong codes of others cannot use it up. Where the device that
   * began shows its `challengeId`, or the person types the `password` of the registration once
   * more, a registration is completed as it was begun; without either the address is proved and the
   * account opened without the password and name that the registration asked for, and the page asks
   * for a password (`changePassword`, with none at present).
   */
  verifyLink: { input: VerifyLinkInput; result: VerifyLinkResult };
  /**
   * Sends a new code in place of the old one. Wrong tries stay counted; thirty seconds have to lie
   * between two codes.
   */
  resendOtp: { input: ResendOtpInput; result: ResendOtpResult };
  /** Begins a sign-in with a passkey, without an address; for the browser's autofill too. */
  requestPasskeyLogin: { input: RequestPasskeyLoginInput; result: RequestPasskeyLoginResult };
  /** Meets a sign-in, a second step or a step-up, as verifyOtp does with codes. */
  verifyPasskey: { input: VerifyPasskeyInput; result: VerifyPasskeyResult };
  /**
   * Begins a sign-in by another provider. The browser goes to `url`, and comes back to `returnTo`
   * with `#ticket=…`, or with `#error=PROVIDER_REFUSED`.
   */
  startIdentityLogin: { input: StartIdentityLoginInput; result: StartIdentityLoginResult };
  /**
   * Completes it. Where the account is not linked yet, a code to its address follows; then, where
   * one is set up, a second factor.
   */
  completeIdentityLogin: { input: CompleteIdentityLoginInput; result: CompleteIdentityLoginResult };
  /** Begins a sign-in by an ID token, from a provider's SDK in a native app, One Tap or FedCM. */
  requestIdTokenNonce: { input: RequestIdTokenNonceInput; result: RequestIdTokenNonceResult };
  /** Completes it, as `completeIdentityLogin` does. */
  loginWithIdToken: { input: LoginWithIdTokenInput; result: LoginWithIdTokenResult };
  /**
   * Mails a link to a new password, good for one hour. The answer is the same whether or not there
   * is an account.
   */
  requestPasswordReset: { input: RequestPasswordResetInput; result: RequestPasswordResetResult };
  /** Signs nobody in and skips no second factor; ends every session. */
  resetPassword: { input: ResetPasswordInput; result: ResetPasswordResult };
  /** Sets another password and ends every other session. */
  changePassword: { input: ChangePasswordInput; result: ChangePasswordResult };
  /**
   * Gives all that is stored about the caller, in the answer and never by mail. Needs a fresh
   * step-up.
   */
  exportAccount: { input: ExportAccountInput; result: ExportAccountResult };
  /**
   * Ends every session and erases the account. The address can register anew, with nothing
   * inherited. Needs a fresh step-up.
   */
  deleteAccount: { input: DeleteAccountInput; result: DeleteAccountResult };
  /** Changes the name, the language of mails and the preferences. */
  updateProfile: { input: UpdateProfileInput; result: UpdateProfileResult };
  /**
   * Sends a code to the new address; `confirmEmailChange` of the same session completes it. Needs a
   * fresh step-up.
   */
  requestEmailChange: { input: RequestEmailChangeInput; result: RequestEmailChangeResult };
  /**
   * Puts the new address in place of the old one, which is told and can take it back for seven
   * days. Ends every other session.
   */
  confirmEmailChange: { input: ConfirmEmailChangeInput; result: ConfirmEmailChangeResult };
  /**
   * Takes a change of address back, from the old mailbox. Ends every session, and the password: the
   * owner sets a new one.
   */
  undoEmailChange: { input: UndoEmailChangeInput; result: UndoEmailChangeResult };
  /**
   * Trades a refresh token for the next one and a new access token. Asked twice within the grace
   * window, it answers the same.
   */
  refreshSession: { input: RefreshSessionInput; result: RefreshSessionResult };
  /** Ends the session at once. Idempotent; works with an expired access token. */
  logout: { input: LogoutInput; result: LogoutResult };
  /**
   * Ends one of your sessions at once. Takes a recent proof of who asks. Another user's session is
   * NOT_FOUND.
   */
  revokeSession: { input: RevokeSessionInput; result: RevokeSessionResult };
  /**
   * Step-up: the password proves the caller again; with a second factor enrolled, a challenge
   * follows. Without a password, an e-mailed code, or a passkey. The tokens are of a new session,
   * and the one that asked ends.
   */
  reauthenticate: { input: ReauthenticateInput; result: ReauthenticateResult };
  /**
   * Begins to set up an authenticator app. The app in force, if any, stays so until a code of the
   * new one comes back. Needs a recent step-up.
   */
  startTotpEnrollment: { input: StartTotpEnrollmentInput; result: StartTotpEnrollmentResult };
  /**
   * Puts the app in force and makes recovery codes. Signing in takes a code from then on; every
   * other session ends. Needs a recent step-up.
   */
  confirmTotpEnrollment: { input: ConfirmTotpEnrollmentInput; result: ConfirmTotpEnrollmentResult };
  /**
   * Takes away the app and the recovery codes; every other session ends. Needs a recent step-up
   * with the second factor.
   */
  disableTotp: { input: DisableTotpInput; result: DisableTotpResult };
  /**
   * A new set of recovery codes; the old one is dead, and every other session ends. Needs a recent
   * step-up with the second factor.
   */
  regenerateRecoveryCodes: {
    input: RegenerateRecoveryCodesInput;
    result: RegenerateRecoveryCodesResult;
  };
  /**
   * Begins the registration of a passkey. Needs a recent step-up; `conditional`, right after a
   * password sign-in, does not.
   */
  startPasskeyRegistration: {
    input: StartPasskeyRegistrationInput;
    result: StartPasskeyRegistrationResult;
  };
  /**
   * Adds the passkey that the browser has made. Every other session ends, except where it was asked
   * for without a click.
   */
  confirmPasskeyRegistration: {
    input: ConfirmPasskeyRegistrationInput;
    result: ConfirmPasskeyRegistrationResult;
  };
  /** Gives a passkey another name. */
  renamePasskey: { input: RenamePasskeyInput; result: RenamePasskeyResult };
  /**
   * Takes a passkey away, but for the last way into the account; every other session ends. The
   * answer is for the password manager. Needs a recent step-up.
   */
  removePasskey: { input: RemovePasskeyInput; result: RemovePasskeyResult };
  /** Begins to link an account at another provider to the own one. Needs a recent step-up. */
  startIdentityLink: { input: StartIdentityLinkInput; result: StartIdentityLinkResult };
  /**
   * Links it, for the session that began; every other session ends, and the owner is told by mail.
   * Needs a recent step-up.
   */
  completeIdentityLink: { input: CompleteIdentityLinkInput; result: CompleteIdentityLinkResult };
  /**
   * Takes a linked account away, but for the last way into the own one; every other session ends,
   * and the owner is told by mail. Needs a recent step-up.
   */
  unlinkIdentity: { input: UnlinkIdentityInput; result: UnlinkIdentityResult };
};

/** The mutations by what they may answer, besides AuthError. */
export const outcomes: Readonly<Record<string, string>> = {
  OtpChallenge: 'register requestLoginCode resendOtp requestEmailChange',
  'AuthTokens OtpChallenge':
    'login verifyOtp verifyLink verifyPasskey completeIdentityLogin loginWithIdToken ' +
    'reauthenticate',
  User:
    'createUser suspendUser reinstateUser setUserRoles setUserMetadata updateProfile ' +
    'confirmEmailChange',
  AuthAccepted:
    'revokeUserSessions revokeUserSession resetUserPassword resetUserFactors ' +
    'unlinkUserIdentity deleteUser requestPasswordReset resetPassword changePassword ' +
    'deleteAccount undoEmailChange logout revokeSession disableTotp unlinkIdentity',
  PasskeyChallenge: 'requestPasskeyLogin startPasskeyRegistration',
  AuthIdentityRedirect: 'startIdentityLogin startIdentityLink',
  AuthIdTokenNonce: 'requestIdTokenNonce',
  AccountExport: 'exportAccount',
  AuthTokens: 'refreshSession',
  TotpEnrollment: 'startTotpEnrollment',
  RecoveryCodes: 'confirmTotpEnrollment regenerateRecoveryCodes',
  Passkey: 'confirmPasskeyRegistration renamePasskey',
  PasskeySignals: 'removePasskey',
  AuthIdentity: 'completeIdentityLink',
};

/** What is asked of each type; `{Name}` stands for what is asked of that one. */
export const selections: Readonly<Record<string, string>> = {
  Account:
    'user{User} hasPassword passwordChangedAt totpEnabled totpEnabledAt locale ' +
    'recoveryCodesLeft passkeys{Passkey} identities{AuthIdentity} preferences',
  AccountExport: 'json createdAt',
  AuthAccepted: 'accepted',
  AuthError: 'code message fields{AuthFieldError} retryAfter',
  AuthFieldError: 'path code message',
  AuthIdTokenNonce: 'id nonce expiresAt',
  AuthIdentity: 'id provider{AuthIdentityProvider} label createdAt lastUsedAt',
  AuthIdentityProvider: 'id name kind',
  AuthIdentityRedirect: 'url expiresAt',
  AuthOptions:
    'registrationOpen passwordMinLength otpLength passkeys ' +
    'identityProviders{AuthIdentityProvider}',
  AuthPageInfo: 'hasNextPage hasPreviousPage startCursor endCursor',
  AuthSession:
    'id createdAt lastUsedAt expiresAt authenticatedAt methods identityProvider ipAddress ' +
    'device current',
  AuthSessionConnection: 'edges{AuthSessionEdge} pageInfo{AuthPageInfo} totalCount',
  AuthSessionEdge: 'cursor node{AuthSession}',
  AuthTokens:
    'accessToken accessTokenExpiresAt refreshToken refreshTokenExpiresAt session{AuthSession} ' +
    'user{User}',
  OtpChallenge: 'id purpose methods sentTo expiresAt resendAvailableAt passkey{PasskeyChallenge}',
  Passkey: 'id name createdAt lastUsedAt synced provider',
  PasskeyChallenge: 'id options expiresAt',
  PasskeySignals: 'rpId userId credentialIds name displayName',
  RecoveryCodes: 'codes',
  TotpEnrollment: 'id secret uri qrCode expiresAt',
  User: 'id email emailVerified name roles createdAt status lastLoginAt totpEnabled',
};

/** The client's queries, with the same `{Name}`. */
export const queries: Readonly<Record<'account' | 'options' | 'sessions', string>> = {
  account: 'query account { account {Account}}',
  options: 'query options { authOptions {AuthOptions}}',
  sessions:
    'query sessions($first:Int, $after:String) { account{ sessions(first:$first, ' +
    'after:$after) {AuthSessionConnection}}}',
};
