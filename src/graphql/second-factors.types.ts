import { Field, ID, InputType, ObjectType } from 'type-graphql';
import { AuthAcceptedType } from './errors.types.ts';
import { resultUnion } from './unions.ts';

@ObjectType('TotpEnrollment', {
  description:
    'An authenticator app that waits for its first code. The secret is shown here and never again.',
})
export class TotpEnrollmentType {
  @Field(() => ID, { description: 'For `confirmTotpEnrollment`.' })
  id: string;

  @Field(() => String, { description: 'In base32, to type where no camera is at hand.' })
  secret: string;

  @Field(() => String, {
    description: 'The secret as an otpauth:// address, which authenticator apps open.',
  })
  uri: string;

  @Field(() => String, { description: 'An SVG picture of the uri.' })
  qrCode: string;

  @Field(() => Date, {
    description: 'A code has to come back until then; nothing changes without one.',
  })
  expiresAt: Date;
}

@ObjectType('RecoveryCodes', {
  description:
    'A new set of recovery codes, shown here and never again. The set before it is dead.',
})
export class RecoveryCodesType {
  @Field(() => [String], {
    description:
      'Ten. Each works once in place of the app. Case, spaces and hyphens do not matter when ' +
      'they are typed.',
  })
  codes: string[];
}

@InputType({ description: 'Input of `startTotpEnrollment`.' })
export class StartTotpEnrollmentInput {
  @Field(() => String, {
    nullable: true,
    description:
      'What the app shows beside the name of the service, 100 characters at most; the e-mail ' +
      'address where left out.',
  })
  label?: string | null;
}

@InputType({ description: 'Input of `confirmTotpEnrollment`.' })
export class ConfirmTotpEnrollmentInput {
  @Field(() => ID, { description: 'The id of the TotpEnrollment.' })
  enrollmentId: string;

  @Field(() => String, { description: 'The code that the app shows now.' })
  code: string;
}

@InputType({ description: 'Input of `disableTotp`.' })
export class DisableTotpInput {
  @Field(() => String, {
    nullable: true,
    description:
      'A code of the app or a recovery code. Not needed where the session has proved one within ' +
      'ten minutes.',
  })
  code?: string | null;
}

@InputType({ description: 'Input of `regenerateRecoveryCodes`.' })
export class RegenerateRecoveryCodesInput {
  @Field(() => String, {
    nullable: true,
    description:
      'A code of the app or a recovery code. Not needed where the session has proved one within ' +
      'ten minutes.',
  })
  code?: string | null;
}

export const StartTotpEnrollmentResult = resultUnion(
  'StartTotpEnrollmentResult',
  'What `startTotpEnrollment` answers.',
  () => [TotpEnrollmentType],
);
export const ConfirmTotpEnrollmentResult = resultUnion(
  'ConfirmTotpEnrollmentResult',
  'What `confirmTotpEnrollment` answers.',
  () => [RecoveryCodesType],
);
export const DisableTotpResult = resultUnion(
  'DisableTotpResult',
  'What `disableTotp` answers.',
  () => [AuthAcceptedType],
);
export const RegenerateRecoveryCodesResult = resultUnion(
  'RegenerateRecoveryCodesResult',
  'What `regenerateRecoveryCodes` answers.',
  () => [RecoveryCodesType],
);
