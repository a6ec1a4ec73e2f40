import { registerEnumType } from 'type-graphql';

// Const objects instead of TypeScript enums: their type is derived from the values that exist at
// run time.

export const TokenDelivery = { BODY: 'BODY', COOKIE: 'COOKIE' } as const;
registerEnumType(TokenDelivery, {
  name: 'TokenDelivery',
  description: 'How the refresh token reaches the client.',
  valuesConfig: {
    BODY: { description: 'In the answer: for native apps, servers and gateways.' },
    COOKIE: { description: 'In an HttpOnly cookie: for web apps in a browser.' },
  },
});

export const OtpMethod = { EMAIL: 'EMAIL', TOTP: 'TOTP', RECOVERY_CODE: 'RECOVERY_CODE' } as const;
registerEnumType(OtpMethod, {
  name: 'OtpMethod',
  description: 'A way to meet a challenge.',
  valuesConfig: {
    EMAIL: { description: 'The six-digit code that was sent to the address.' },
    TOTP: { description: 'The code that an authenticator app shows (RFC 6238).' },
    RECOVERY_CODE: {
      description: 'One of the codes kept for the day the phone is lost. Each works once.',
    },
  },
});

export const OtpPurpose = {
  VERIFY_EMAIL: 'VERIFY_EMAIL',
  LOGIN: 'LOGIN',
  STEP_UP: 'STEP_UP',
  CHANGE_EMAIL: 'CHANGE_EMAIL',
  LINK_IDENTITY: 'LINK_IDENTITY',
} as const;
registerEnumType(OtpPurpose, {
  name: 'OtpPurpose',
  description: 'What a challenge is for. A code for one purpose is of no use for another.',
  valuesConfig: {
    VERIFY_EMAIL: { description: 'To finish a registration.' },
    LOGIN: { description: 'To sign in.' },
    STEP_UP: { description: 'To prove again who is there, before something that matters.' },
    CHANGE_EMAIL: { description: 'To confirm a new e-mail address.' },
    LINK_IDENTITY: {
      description: "To link a provider's account to the one that has its address.",
    },
  },
});

export const AuthIdentityProviderKind = { OIDC: 'OIDC', OAUTH2: 'OAUTH2' } as const;
registerEnumType(AuthIdentityProviderKind, {
  name: 'AuthIdentityProviderKind',
  description: 'What another provider speaks.',
  valuesConfig: {
    OIDC: { description: 'OpenID Connect.' },
    OAUTH2: { description: 'OAuth 2 with an interface of its own, as GitHub does.' },
  },
});

export const PasskeyHint = {
  CLIENT_DEVICE: 'CLIENT_DEVICE',
  SECURITY_KEY: 'SECURITY_KEY',
  HYBRID: 'HYBRID',
} as const;
registerEnumType(PasskeyHint, {
  name: 'PasskeyHint',
  description: 'What kind of authenticator the page expects, for the browser (WebAuthn 5.8.7).',
  valuesConfig: {
    CLIENT_DEVICE: { description: 'This device.' },
    SECURITY_KEY: { description: 'A security key.' },
    HYBRID: { description: 'A phone nearby.' },
  },
});

export const UserStatus = {
  ACTIVE: 'ACTIVE',
  UNVERIFIED: 'UNVERIFIED',
  SUSPENDED: 'SUSPENDED',
} as const;
registerEnumType(UserStatus, {
  name: 'UserStatus',
  description: 'The state of an account.',
  valuesConfig: {
    ACTIVE: { description: 'The address is verified and the account may sign in.' },
    UNVERIFIED: { description: 'Nobody has proved the address yet; the account cannot sign in.' },
    SUSPENDED: { description: 'An administrator has closed the account to its owner.' },
  },
});

export const AuthErrorCode = {
  VALIDATION_FAILED: 'VALIDATION_FAILED',
  INVALID_CREDENTIALS: 'INVALID_CREDENTIALS',
  INVALID_OR_EXPIRED_CODE: 'INVALID_OR_EXPIRED_CODE',
  INVALID_OR_EXPIRED_TOKEN: 'INVALID_OR_EXPIRED_TOKEN',
  STEP_UP_REQUIRED: 'STEP_UP_REQUIRED',
  RATE_LIMITED: 'RATE_LIMITED',
  NOT_FOUND: 'NOT_FOUND',
  UNKNOWN_PASSKEY: 'UNKNOWN_PASSKEY',
  PROVIDER_REFUSED: 'PROVIDER_REFUSED',
  CONFLICT: 'CONFLICT',
} as const;
registerEnumType(AuthErrorCode, {
  name: 'AuthErrorCode',
  description: 'Outcomes that a client has to handle.',
  valuesConfig: {
    VALIDATION_FAILED: { description: 'Input breaks a rule; `fields` says which.' },
    INVALID_CREDENTIALS: {
      description:
        'The address and password do not open an account, or the passkey was not accepted. Says ' +
        'nothing of which is wrong.',
    },
    INVALID_OR_EXPIRED_CODE: {
      description: 'The code is wrong, used, replaced or too old, or the challenge is over.',
    },
    INVALID_OR_EXPIRED_TOKEN: { description: 'The token is unknown, used, revoked or too old.' },
    STEP_UP_REQUIRED: { description: 'Call `reauthenticate` first, then repeat the request.' },
    RATE_LIMITED: { description: 'Too many tries; `retryAfter` says how long to wait.' },
    NOT_FOUND: { description: 'No such thing, or none that is yours.' },
    UNKNOWN_PASSKEY: {
      description:
        'The server has no such passkey at all: the client may call signalUnknownCredential.',
    },
    PROVIDER_REFUSED: {
      description: 'The other provider said no or is away, or its answer does not hold.',
    },
    CONFLICT: { description: 'The request contradicts the present state.' },
  },
});

export const AuthFindingStatus = { OK: 'ok', WARNING: 'warning', FAILURE: 'failure' } as const;
registerEnumType(AuthFindingStatus, {
  name: 'AuthFindingStatus',
  description: 'What a check came to.',
  valuesConfig: {
    OK: { description: 'Nothing to do.' },
    WARNING: { description: 'It works, and something should be done.' },
    FAILURE: { description: 'It does not work until something is done.' },
  },
});
