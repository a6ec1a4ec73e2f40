import { createUnionType } from 'type-graphql';
import { AuthErrorType } from './errors.types.ts';

/** The GraphQL type for each `kind` of domain result. */
const typeOfKind: Readonly<Record<string, string>> = {
  tokens: 'AuthTokens',
  challenge: 'OtpChallenge',
  accepted: 'AuthAccepted',
  user: 'User',
  'totp-enrollment': 'TotpEnrollment',
  'recovery-codes': 'RecoveryCodes',
  'passkey-challenge': 'PasskeyChallenge',
  passkey: 'Passkey',
  'passkey-signals': 'PasskeySignals',
  identity: 'AuthIdentity',
  'identity-redirect': 'AuthIdentityRedirect',
  'id-token-nonce': 'AuthIdTokenNonce',
  export: 'AccountExport',
  error: 'AuthError',
};

type ClassType = new () => object;

/** The result union of a mutation: the types it may return, and AuthError. */
export function resultUnion(name: string, description: string, yields: () => readonly ClassType[]) {
  return createUnionType({
    name,
    description,
    types: () => [...yields(), AuthErrorType] as const,
    resolveType: (value: object) => ('kind' in value ? typeOfKind[String(value.kind)] : undefined),
  });
}
