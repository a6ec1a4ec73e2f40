import { createUnionType } from 'type-graphql';
import { AuthErrorType } from './errors.types.ts';

/** What domain results call themselves, and the GraphQL type of each. */
const typeOfKind: Readonly<Record<string, string>> = {
  tokens: 'AuthTokens',
  challenge: 'OtpChallenge',
  accepted: 'AuthAccepted',
  user: 'User',
  'totp-enrollment': 'TotpEnrollment',
  'recovery-codes': 'RecoveryCodes',
  export: 'AccountExport',
  error: 'AuthError',
};

type ClassType = new () => object;

/** A mutation's result: what it yields, or AuthError. */
export function resultUnion(name: string, description: string, yields: () => readonly ClassType[]) {
  return createUnionType({
    name,
    description,
    types: () => [...yields(), AuthErrorType] as const,
    resolveType: (value: object) => ('kind' in value ? typeOfKind[String(value.kind)] : undefined),
  });
}
