import { Arg, Args, Ctx, FieldResolver, Int, Mutation, Query, Resolver } from 'type-graphql';
import type { Context } from '../context.ts';
import type { Accepted } from '../domain/accepted.ts';
import {
  type Account,
  account,
  identities,
  passkeySignals,
  passkeys,
  preferences,
  recoveryCodesLeft,
} from '../domain/accounts/account.ts';
import { changePassword } from '../domain/accounts/change-password.ts';
import { confirmEmailChange } from '../domain/accounts/confirm-email-change.ts';
import { deleteAccount } from '../domain/accounts/delete-account.ts';
import { type AccountExport, exportAccount } from '../domain/accounts/export-account.ts';
import { listSecurityEvents, type SecurityEvent } from '../domain/accounts/list-security-events.ts';
import { requestEmailChange } from '../domain/accounts/request-email-change.ts';
import { requestPasswordReset } from '../domain/accounts/request-password-reset.ts';
import { resetPassword } from '../domain/accounts/reset-password.ts';
import { undoEmailChange } from '../domain/accounts/undo-email-change.ts';
import { updateProfile } from '../domain/accounts/update-profile.ts';
import type { IdentityView } from '../domain/identities/identity-view.ts';
import type { Metadata } from '../domain/metadata/rules.ts';
import type { OtpChallenge } from '../domain/otp/challenge-view.ts';
import type { Page } from '../domain/paging.ts';
import type { PasskeyView } from '../domain/passkeys/passkey-view.ts';
import type { PasskeySignals } from '../domain/passkeys/signals.ts';
import { listSessions, type SessionPage } from '../domain/sessions/list-sessions.ts';
import type { UserView } from '../domain/users/user-view.ts';
import {
  AccountType,
  ChangePasswordInput,
  ChangePasswordResult,
  ConfirmEmailChangeInput,
  ConfirmEmailChangeResult,
  DeleteAccountInput,
  DeleteAccountResult,
  ExportAccountInput,
  ExportAccountResult,
  RequestEmailChangeInput,
  RequestEmailChangeResult,
  RequestPasswordResetInput,
  RequestPasswordResetResult,
  ResetPasswordInput,
  ResetPasswordResult,
  UndoEmailChangeInput,
  UndoEmailChangeResult,
  UpdateProfileInput,
  UpdateProfileResult,
} from './accounts.types.ts';
import { AuditEventConnectionType } from './audit.types.ts';
import { AuthIdentityType } from './identities.types.ts';
import { JSONObject } from './json-object.ts';
import { PageArgs } from './paging.types.ts';
import { PasskeySignalsType, PasskeyType } from './passkeys.types.ts';
import { AuthSessionConnectionType } from './sessions.types.ts';

@Resolver(() => AccountType)
export class AccountsResolver {
  @Query(() => AccountType, { nullable: true, description: "The caller's own private settings." })
  account(@Ctx() ctx: Context): Promise<Account> {
    return account(ctx);
  }

  @FieldResolver(() => Int, {
    description: 'Recovery codes that are not used yet; 0 without an authenticator app.',
  })
  recoveryCodesLeft(@Ctx() ctx: Context): Promise<number> {
    return recoveryCodesLeft(ctx);
  }

  @FieldResolver(() => [PasskeyType], { description: 'The passkeys, the oldest first.' })
  passkeys(@Ctx() ctx: Context): Promise<PasskeyView[]> {
    return passkeys(ctx);
  }

  @FieldResolver(() => PasskeySignalsType, {
    nullable: true,
    description:
      'What the password manager should know; null for a user who never had a passkey, and where ' +
      'passkeys are off.',
  })
  passkeySignals(@Ctx() ctx: Context): Promise<PasskeySignals | null> {
    return passkeySignals(ctx);
  }

  @FieldResolver(() => [AuthIdentityType], {
    description: 'The linked accounts at other providers, the oldest first.',
  })
  identities(@Ctx() ctx: Context): Promise<IdentityView[]> {
    return identities(ctx);
  }

  @FieldResolver(() => JSONObject, {
    description:
      "The user's own settings, 4 kB at most; `updateProfile` changes them. They decide nothing " +
      'and are in no token.',
  })
  preferences(@Ctx() ctx: Context): Promise<Metadata> {
    return preferences(ctx);
  }

  @FieldResolver(() => AuthSessionConnectionType, {
    description: 'The devices that are signed in, the newest first.',
  })
  sessions(@Args(() => PageArgs) page: PageArgs, @Ctx() ctx: Context): Promise<SessionPage> {
    return listSessions(ctx, page);
  }

  @FieldResolver(() => AuditEventConnectionType, {
    description: 'What happened to this account: sign-ins, failures, changes.',
  })
  securityEvents(
    @Args(() => PageArgs) page: PageArgs,
    @Ctx() ctx: Context,
  ): Promise<Page<SecurityEvent>> {
    return listSecurityEvents(ctx, page);
  }

  @Mutation(() => RequestPasswordResetResult, {
    description:
      'Mails a link to a new password, good for one hour. The answer is the same whether or not ' +
      'there is an account.',
  })
  requestPasswordReset(
    @Arg('input', () => RequestPasswordResetInput, { description: 'The address.' })
    input: RequestPasswordResetInput,
    @Ctx() ctx: Context,
  ): Promise<Accepted> {
    return requestPasswordReset(ctx, input);
  }

  @Mutation(() => ResetPasswordResult, {
    description: 'Signs nobody in and skips no second factor; ends every session.',
  })
  resetPassword(
    @Arg('input', () => ResetPasswordInput, {
      description: 'The token of the link and the new password.',
    })
    input: ResetPasswordInput,
    @Ctx() ctx: Context,
  ): Promise<Accepted> {
    return resetPassword(ctx, input);
  }

  @Mutation(() => ChangePasswordResult, {
    description: 'Sets another password and ends every other session.',
  })
  changePassword(
    @Arg('input', () => ChangePasswordInput, { description: 'The present and the new password.' })
    input: ChangePasswordInput,
    @Ctx() ctx: Context,
  ): Promise<Accepted> {
    return changePassword(ctx, input);
  }

  @Mutation(() => UpdateProfileResult, {
    description: 'Changes the name, the language of mails and the preferences.',
  })
  updateProfile(
    @Arg('input', () => UpdateProfileInput, { description: 'What is to change.' })
    input: UpdateProfileInput,
    @Ctx() ctx: Context,
  ): Promise<UserView> {
    return updateProfile(ctx, input);
  }

  @Mutation(() => RequestEmailChangeResult, {
    description:
      'Sends a code to the new address; `confirmEmailChange` of the same session completes it. ' +
      'Needs a fresh step-up.',
  })
  requestEmailChange(
    @Arg('input', () => RequestEmailChangeInput, { description: 'The new address.' })
    input: RequestEmailChangeInput,
    @Ctx() ctx: Context,
  ): Promise<OtpChallenge> {
    return requestEmailChange(ctx, input);
  }

  @Mutation(() => ConfirmEmailChangeResult, {
    description:
      'Puts the new address in place of the old one, which is told and can take it back for ' +
      'seven days. Ends every other session.',
  })
  confirmEmailChange(
    @Arg('input', () => ConfirmEmailChangeInput, { description: 'The challenge and the code.' })
    input: ConfirmEmailChangeInput,
    @Ctx() ctx: Context,
  ): Promise<UserView> {
    return confirmEmailChange(ctx, input);
  }

  @Mutation(() => UndoEmailChangeResult, {
    description:
      'Takes a change of address back, from the old mailbox. Ends every session, and the ' +
      'password: the owner sets a new one.',
  })
  undoEmailChange(
    @Arg('input', () => UndoEmailChangeInput, { description: 'The token of the link.' })
    input: UndoEmailChangeInput,
    @Ctx() ctx: Context,
  ): Promise<Accepted> {
    return undoEmailChange(ctx, input);
  }

  @Mutation(() => ExportAccountResult, {
    description:
      'Gives all that is stored about the caller, in the answer and never by mail. Needs a fresh ' +
      'step-up.',
  })
  exportAccount(
    @Arg('input', () => ExportAccountInput, { description: 'In which form.' })
    input: ExportAccountInput,
    @Ctx() ctx: Context,
  ): Promise<AccountExport> {
    return exportAccount(ctx, input);
  }

  @Mutation(() => DeleteAccountResult, {
    description:
      'Ends every session and erases the account. The address can register anew, with nothing ' +
      'inherited. Needs a fresh step-up.',
  })
  deleteAccount(
    @Arg('input', () => DeleteAccountInput, { description: 'The address, as a confirmation.' })
    input: DeleteAccountInput,
    @Ctx() ctx: Context,
  ): Promise<Accepted> {
    return deleteAccount(ctx, input);
  }
}
