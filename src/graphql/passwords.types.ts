import { Field, InputType } from 'type-graphql';
import { AuthAcceptedType } from './errors.types.ts';
import { resultUnion } from './unions.ts';

@InputType({ description: 'Input of `requestPasswordReset`.' })
export class RequestPasswordResetInput {
  @Field(() => String, {
    description: 'The address of the account. Mail goes to the address that is stored.',
  })
  email: string;
}

@InputType({ description: 'Input of `resetPassword`.' })
export class ResetPasswordInput {
  @Field(() => String, { description: 'What stands behind `#token=` in the mailed link.' })
  token: string;

  @Field(() => String, { description: 'The new password.' })
  newPassword: string;
}

@InputType({ description: 'Input of `changePassword`.' })
export class ChangePasswordInput {
  @Field(() => String, {
    description: 'The present password; empty where the account has none, after a fresh step-up.',
  })
  currentPassword: string;

  @Field(() => String, { description: 'The new password.' })
  newPassword: string;
}

export const RequestPasswordResetResult = resultUnion(
  'RequestPasswordResetResult',
  'What `requestPasswordReset` answers.',
  () => [AuthAcceptedType],
);
export const ResetPasswordResult = resultUnion(
  'ResetPasswordResult',
  'What `resetPassword` answers.',
  () => [AuthAcceptedType],
);
export const ChangePasswordResult = resultUnion(
  'ChangePasswordResult',
  'What `changePassword` answers.',
  () => [AuthAcceptedType],
);
