import { Field, ID, InputType } from 'type-graphql';
import { AuthAcceptedType } from './errors.types.ts';
import { OtpChallengeType } from './otp.types.ts';
import { resultUnion } from './unions.ts';
import { UserType } from './users.types.ts';

@InputType({
  description: 'Input of `updateProfile`. What is left out stays as it is; null takes it away.',
})
export class UpdateProfileInput {
  @Field(() => String, {
    nullable: true,
    description: 'The name that the user goes by, 100 characters at most.',
  })
  name?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      'The language of mails, as a BCP 47 tag: en, de, fr, es, ja or ar, or a variety of one, such as `de-AT`.',
  })
  locale?: string | null;
}

@InputType({ description: 'Input of `requestEmailChange`.' })
export class RequestEmailChangeInput {
  @Field(() => String, { description: 'One e-mail address; a code goes there.' })
  newEmail: string;
}

@InputType({ description: 'Input of `confirmEmailChange`.' })
export class ConfirmEmailChangeInput {
  @Field(() => ID, { description: 'The id of the OtpChallenge from `requestEmailChange`.' })
  challengeId: string;

  @Field(() => String, { description: 'As the person typed it; spaces and hyphens do not matter.' })
  code: string;
}

@InputType({ description: 'Input of `undoEmailChange`.' })
export class UndoEmailChangeInput {
  @Field(() => String, {
    description: 'The link that the old address was sent: what stands behind `#token=`.',
  })
  token: string;
}

export const UpdateProfileResult = resultUnion(
  'UpdateProfileResult',
  'What `updateProfile` answers.',
  () => [UserType],
);
export const RequestEmailChangeResult = resultUnion(
  'RequestEmailChangeResult',
  'What `requestEmailChange` answers.',
  () => [OtpChallengeType],
);
export const ConfirmEmailChangeResult = resultUnion(
  'ConfirmEmailChangeResult',
  'What `confirmEmailChange` answers.',
  () => [UserType],
);
export const UndoEmailChangeResult = resultUnion(
  'UndoEmailChangeResult',
  'What `undoEmailChange` answers.',
  () => [AuthAcceptedType],
);
