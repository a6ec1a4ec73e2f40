import { Field, ID, InputType, ObjectType } from 'type-graphql';
import { AuthIdentityProviderKind, TokenDelivery } from './enums.ts';
import { AuthAcceptedType } from './errors.types.ts';
import { resultUnion } from './unions.ts';

@ObjectType('AuthIdentityProvider', { description: 'Another provider that signs users in here.' })
export class AuthIdentityProviderType {
  @Field(() => ID, { description: 'As the operator calls it: `google`.' })
  id: string;

  @Field(() => String, { description: 'What a button says: `Google`.' })
  name: string;

  @Field(() => AuthIdentityProviderKind, { description: 'What it speaks.' })
  kind: keyof typeof AuthIdentityProviderKind;
}

@ObjectType('AuthIdentity', { description: 'An account at another provider that signs a user in.' })
export class AuthIdentityType {
  @Field(() => ID, { description: 'For `unlinkIdentity`; for admins, `unlinkUserIdentity`.' })
  id: string;

  @Field(() => AuthIdentityProviderType, { description: 'Where that account is.' })
  provider: AuthIdentityProviderType;

  @Field(() => String, {
    nullable: true,
    description: 'What the provider calls it, such as an address.',
  })
  label: string | null;

  @Field(() => Date, { description: 'When it was linked.' })
  createdAt: Date;

  @Field(() => Date, { nullable: true, description: 'When it was last used; null before that.' })
  lastUsedAt: Date | null;
}

@ObjectType('AuthIdentityRedirect', { description: 'A way to the other provider, good once.' })
export class AuthIdentityRedirectType {
  @Field(() => String, { description: 'Send the browser there.' })
  url: string;

  @Field(() => Date, { description: 'The browser has to be back until then.' })
  expiresAt: Date;
}

@ObjectType('AuthIdTokenNonce', { description: 'A nonce that one ID token may carry.' })
export class AuthIdTokenNonceType {
  @Field(() => ID, { description: 'For `loginWithIdToken`. Opaque; good once.' })
  id: string;

  @Field(() => String, { description: 'For the SDK of the provider, as it is.' })
  nonce: string;

  @Field(() => Date, { description: 'The ID token has to come until then.' })
  expiresAt: Date;
}

@InputType({ description: 'Input of `startIdentityLogin`.' })
export class StartIdentityLoginInput {
  @Field(() => ID, { description: 'The id of the AuthIdentityProvider.' })
  providerId: string;

  @Field(() => String, {
    description:
      "Where the browser comes back to: one of the app's own addresses, exactly as it stands in " +
      "the operator's list.",
  })
  returnTo: string;

  @Field(() => String, {
    description: 'S256 of a verifier that the app keeps for `completeIdentityLogin` (RFC 7636).',
  })
  codeChallenge: string;

  @Field(() => String, {
    nullable: true,
    description: 'Who is about to sign in, for the provider: an address, 254 characters at most.',
  })
  loginHint?: string | null;
}

@InputType({ description: 'Input of `completeIdentityLogin`.' })
export class CompleteIdentityLoginInput {
  @Field(() => String, {
    description: 'What stands behind `#ticket=` in the address that the browser came back to.',
  })
  ticket: string;

  @Field(() => String, { description: 'The verifier whose S256 was given at the start.' })
  codeVerifier: string;

  @Field(() => TokenDelivery, {
    nullable: true,
    defaultValue: 'BODY',
    description: 'How the refresh token comes back.',
  })
  tokenDelivery?: keyof typeof TokenDelivery | null;
}

@InputType({ description: 'Input of `startIdentityLink`.' })
export class StartIdentityLinkInput {
  @Field(() => ID, { description: 'The id of the AuthIdentityProvider.' })
  providerId: string;

  @Field(() => String, { description: 'Where the browser comes back to, as for a sign-in.' })
  returnTo: string;

  @Field(() => String, {
    description: 'S256 of a verifier that the app keeps for `completeIdentityLink` (RFC 7636).',
  })
  codeChallenge: string;
}

@InputType({ description: 'Input of `completeIdentityLink`.' })
export class CompleteIdentityLinkInput {
  @Field(() => String, {
    description: 'What stands behind `#ticket=` in the address that the browser came back to.',
  })
  ticket: string;

  @Field(() => String, { description: 'The verifier whose S256 was given at the start.' })
  codeVerifier: string;
}

@InputType({ description: 'Input of `unlinkIdentity`.' })
export class UnlinkIdentityInput {
  @Field(() => ID, { description: 'The id of the AuthIdentity.' })
  identityId: string;
}

@InputType({ description: 'Input of `requestIdTokenNonce`.' })
export class RequestIdTokenNonceInput {
  @Field(() => ID, { description: 'The id of the AuthIdentityProvider.' })
  providerId: string;
}

@InputType({ description: 'Input of `loginWithIdToken`.' })
export class LoginWithIdTokenInput {
  @Field(() => ID, { description: 'The id of the AuthIdTokenNonce.' })
  nonceId: string;

  @Field(() => String, { description: 'The ID token that carries the nonce.' })
  idToken: string;

  @Field(() => TokenDelivery, {
    nullable: true,
    defaultValue: 'BODY',
    description: 'How the refresh token comes back.',
  })
  tokenDelivery?: keyof typeof TokenDelivery | null;
}

@InputType({ description: 'Input of `unlinkUserIdentity`.' })
export class UnlinkUserIdentityInput {
  @Field(() => ID, { description: 'Whose.' })
  userId: string;

  @Field(() => ID, { description: 'The id of the AuthIdentity.' })
  identityId: string;

  @Field(() => String, {
    description: 'Why, for the audit trail; 200 characters at most. Name no person in it.',
  })
  reason: string;
}

export const StartIdentityLoginResult = resultUnion(
  'StartIdentityLoginResult',
  'What `startIdentityLogin` answers.',
  () => [AuthIdentityRedirectType],
);
export const StartIdentityLinkResult = resultUnion(
  'StartIdentityLinkResult',
  'What `startIdentityLink` answers.',
  () => [AuthIdentityRedirectType],
);
export const CompleteIdentityLinkResult = resultUnion(
  'CompleteIdentityLinkResult',
  'What `completeIdentityLink` answers.',
  () => [AuthIdentityType],
);
export const UnlinkIdentityResult = resultUnion(
  'UnlinkIdentityResult',
  'What `unlinkIdentity` answers.',
  () => [AuthAcceptedType],
);
export const RequestIdTokenNonceResult = resultUnion(
  'RequestIdTokenNonceResult',
  'What `requestIdTokenNonce` answers.',
  () => [AuthIdTokenNonceType],
);
export const UnlinkUserIdentityResult = resultUnion(
  'UnlinkUserIdentityResult',
  'What `unlinkUserIdentity` answers.',
  () => [AuthAcceptedType],
);
