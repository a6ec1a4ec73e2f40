import { Field, ID, InputType, ObjectType } from 'type-graphql';
import { OtpMethod, OtpPurpose } from './enums.ts';
import { PasskeyChallengeType } from './passkeys.types.ts';
import { resultUnion } from './unions.ts';

@ObjectType('OtpChallenge', {
  description: 'A code is awaited. The same shape comes back whether or not the account exists.',
})
export class OtpChallengeType {
  @Field(() => ID, {
    description: 'For `verifyOtp` and `resendOtp`. Opaque; keep it as a secret of this device.',
  })
  id: string;

  @Field(() => OtpPurpose, { description: 'What the code is for.' })
  purpose: keyof typeof OtpPurpose;

  @Field(() => [OtpMethod], {
    description: 'The ways in which this challenge can be met, the best first.',
  })
  methods: (keyof typeof OtpMethod)[];

  @Field(() => String, {
    nullable: true,
    description: 'Where the code went, masked (u***@example.com); null when nothing was sent.',
  })
  sentTo: string | null;

  @Field(() => Date, { description: 'The code is good until then.' })
  expiresAt: Date;

  @Field(() => Date, {
    nullable: true,
    description: 'From then on `resendOtp` sends another; null where nothing is sent.',
  })
  resendAvailableAt: Date | null;

  @Field(() => PasskeyChallengeType, {
    nullable: true,
    description:
      'Meets this challenge with a passkey, by `verifyPasskey`; null where the account has none ' +
      'or nothing was proved yet.',
  })
  passkey: PasskeyChallengeType | null;
}

@InputType({ description: 'Input of `resendOtp`.' })
export class ResendOtpInput {
  @Field(() => ID, { description: 'The id of the OtpChallenge.' })
  challengeId: string;
}

export const ResendOtpResult = resultUnion('ResendOtpResult', 'What `resendOtp` answers.', () => [
  OtpChallengeType,
]);
