import { Field, ID, InputType, ObjectType } from 'type-graphql';
import { PasskeyHint, TokenDelivery } from './enums.ts';
import { JSONObject, type JsonObject } from './json-object.ts';
import { resultUnion } from './unions.ts';

@ObjectType('PasskeyChallenge', { description: "A ceremony that waits for the browser's answer." })
export class PasskeyChallengeType {
  @Field(() => ID, {
    description:
      'For `verifyPasskey` or `confirmPasskeyRegistration`. Opaque; good for one answer, right ' +
      'or wrong.',
  })
  id: string;

  @Field(() => JSONObject, {
    description:
      'For PublicKeyCredential.parseRequestOptionsFromJSON, or parseCreationOptionsFromJSON.',
  })
  options: object;

  @Field(() => Date, { description: 'The answer has to come back until then.' })
  expiresAt: Date;
}

@ObjectType('Passkey', { description: 'A passkey of the caller.' })
export class PasskeyType {
  @Field(() => ID, { description: 'For `renamePasskey` and `removePasskey`.' })
  id: string;

  @Field(() => String, { description: 'As the user calls it.' })
  name: string;

  @Field(() => Date, { description: 'When it was registered.' })
  createdAt: Date;

  @Field(() => Date, { nullable: true, description: 'When it was last used; null before that.' })
  lastUsedAt: Date | null;

  @Field(() => Boolean, { description: 'Kept by a password manager on several devices.' })
  synced: boolean;

  @Field(() => String, {
    nullable: true,
    description: 'Such as iCloud Keychain, from the AAGUID; null where unknown.',
  })
  provider: string | null;
}

@ObjectType('PasskeySignals', {
  description:
    'What the password manager should know: for signalAllAcceptedCredentials and ' +
    'signalCurrentUserDetails.',
})
export class PasskeySignalsType {
  @Field(() => String, { description: 'The domain that the passkeys belong to.' })
  rpId: string;

  @Field(() => String, { description: "WebAuthn's user handle, in base64url." })
  userId: string;

  @Field(() => [String], {
    description: 'Every passkey that the server accepts, in base64url; others may be hidden.',
  })
  credentialIds: string[];

  @Field(() => String, { description: 'The address of the account.' })
  name: string;

  @Field(() => String, { description: 'The name that the user goes by, or the address.' })
  displayName: string;
}

@InputType({ description: 'Input of `requestPasskeyLogin`.' })
export class RequestPasskeyLoginInput {
  @Field(() => [PasskeyHint], {
    nullable: true,
    description: 'What the browser should offer first; 3 at most.',
  })
  hints?: (keyof typeof PasskeyHint)[] | null;
}

@InputType({ description: 'Input of `verifyPasskey`.' })
export class VerifyPasskeyInput {
  @Field(() => ID, { description: 'The id of the PasskeyChallenge.' })
  challengeId: string;

  @Field(() => JSONObject, { description: "What the browser's toJSON() gave." })
  credential: JsonObject;

  @Field(() => TokenDelivery, {
    nullable: true,
    defaultValue: 'BODY',
    description: 'How the refresh token comes back.',
  })
  tokenDelivery?: keyof typeof TokenDelivery | null;
}

@InputType({ description: 'Input of `startPasskeyRegistration`.' })
export class StartPasskeyRegistrationInput {
  @Field(() => Boolean, {
    nullable: true,
    defaultValue: false,
    description:
      'Asked for without a click, right after a password sign-in: takes a password proved within ' +
      'five minutes in place of the step-up.',
  })
  conditional?: boolean | null;
}

@InputType({ description: 'Input of `confirmPasskeyRegistration`.' })
export class ConfirmPasskeyRegistrationInput {
  @Field(() => ID, { description: 'The id of the PasskeyChallenge.' })
  challengeId: string;

  @Field(() => JSONObject, { description: "What the browser's toJSON() gave." })
  credential: JsonObject;

  @Field(() => String, {
    nullable: true,
    description: 'What to call it, 100 characters at most; its provider or the device if left out.',
  })
  name?: string | null;
}

@InputType({ description: 'Input of `renamePasskey`.' })
export class RenamePasskeyInput {
  @Field(() => ID, { description: 'The id of the Passkey.' })
  passkeyId: string;

  @Field(() => String, { description: 'What to call it, 100 characters at most.' })
  name: string;
}

@InputType({ description: 'Input of `removePasskey`.' })
export class RemovePasskeyInput {
  @Field(() => ID, { description: 'The id of the Passkey.' })
  passkeyId: string;
}

export const RequestPasskeyLoginResult = resultUnion(
  'RequestPasskeyLoginResult',
  'What `requestPasskeyLogin` answers.',
  () => [PasskeyChallengeType],
);
export const StartPasskeyRegistrationResult = resultUnion(
  'StartPasskeyRegistrationResult',
  'What `startPasskeyRegistration` answers.',
  () => [PasskeyChallengeType],
);
export const ConfirmPasskeyRegistrationResult = resultUnion(
  'ConfirmPasskeyRegistrationResult',
  'What `confirmPasskeyRegistration` answers.',
  () => [PasskeyType],
);
export const RenamePasskeyResult = resultUnion(
  'RenamePasskeyResult',
  'What `renamePasskey` answers.',
  () => [PasskeyType],
);
export const RemovePasskeyResult = resultUnion(
  'RemovePasskeyResult',
  'What `removePasskey` answers.',
  () => [PasskeySignalsType],
);
