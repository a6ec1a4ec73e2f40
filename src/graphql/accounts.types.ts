import { Field, ID, InputType, ObjectType } from 'type-graphql';
import type { Metadata } from '../domain/metadata/rules.ts';
import { AuthAcceptedType } from './errors.types.ts';
import { JSONObject } from './json-object.ts';
import { OtpChallengeType } from './otp.types.ts';
import { resultUnion } from './unions.ts';
import { UserType } from './users.types.ts';

@ObjectType('Account', {
  description: "The caller's own private settings. Never reachable for another user.",
})
export class AccountType {
  @Field(() => UserType, { description: 'The caller.' })
  user: UserType;

  @Field(() => Boolean, { description: 'False for one who signs in with mailed codes alone.' })
  hasPassword: boolean;

  @Field(() => Date, {
    nullable: true,
    description: 'When the password was last set here; null without one, or where it was imported.',
  })
  passwordChangedAt: Date | null;

  @Field(() => Boolean, { description: 'Whether an authenticator app is set up.' })
  totpEnabled: boolean;

  @Field(() => Date, { nullable: true, description: 'Since when it is; null without one.' })
  totpEnabledAt: Date | null;

  @Field(() => String, {
    nullable: true,
    description:
      'The language of mails, as a BCP 47 tag; null for the default. `updateProfile` changes it.',
  })
  locale: string | null;
}

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
    nullable: true,
    description: 'The present password; null where the account has none, after a fresh step-up.',
  })
  currentPassword?: string | null;

  @Field(() => String, { description: 'The new password.' })
  newPassword: string;
}

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
      'The language of mails, as a BCP 47 tag: en, de, fr, es, ja or ar, or a variety of one, ' +
      'such as `de-AT`.',
  })
  locale?: string | null;

  @Field(() => JSONObject, {
    nullable: true,
    description:
      'Settings of your own, 4 kB in all, key by key: what is left out stays, null takes a key ' +
      'away. 5 levels, 100 keys an object, 64 characters a key.',
  })
  preferences?: Metadata | null;
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

@ObjectType('AccountExport', {
  description: 'All that is stored about the caller, and nothing secret.',
})
export class AccountExportType {
  @Field(() => String, { description: 'A JSON document.' })
  json: string;

  @Field(() => Date, { description: 'When it was put together.' })
  createdAt: Date;
}

@InputType({ description: 'Input of `exportAccount`.' })
export class ExportAccountInput {
  @Field(() => String, {
    nullable: true,
    defaultValue: 'json',
    description: '`json` is the only one.',
  })
  format?: string | null;
}

@InputType({ description: 'Input of `deleteAccount`.' })
export class DeleteAccountInput {
  @Field(() => String, {
    description: 'The address of the account, typed once more: there is no way back.',
  })
  confirmEmail: string;
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
export const ExportAccountResult = resultUnion(
  'ExportAccountResult',
  'What `exportAccount` answers.',
  () => [AccountExportType],
);
export const DeleteAccountResult = resultUnion(
  'DeleteAccountResult',
  'What `deleteAccount` answers.',
  () => [AuthAcceptedType],
);
