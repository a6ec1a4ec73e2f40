import { Arg, Ctx, Mutation, Resolver } from 'type-graphql';
import type { Context } from '../context.ts';
import type { Accepted } from '../domain/accepted.ts';
import { confirmEmailChange } from '../domain/accounts/confirm-email-change.ts';
import { requestEmailChange } from '../domain/accounts/request-email-change.ts';
import { undoEmailChange } from '../domain/accounts/undo-email-change.ts';
import { updateProfile } from '../domain/accounts/update-profile.ts';
import type { OtpChallenge } from '../domain/otp/challenge-view.ts';
import type { UserView } from '../domain/users/user-view.ts';
import {
  ConfirmEmailChangeInput,
  ConfirmEmailChangeResult,
  RequestEmailChangeInput,
  RequestEmailChangeResult,
  UndoEmailChangeInput,
  UndoEmailChangeResult,
  UpdateProfileInput,
  UpdateProfileResult,
} from './profiles.types.ts';

@Resolver()
export class ProfilesResolver {
  @Mutation(() => UpdateProfileResult, {
    description: 'Changes the name and the language of mails.',
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
      'Sends a code to the new address; `confirmEmailChange` of the same session completes it. Needs a fresh step-up.',
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
      'Puts the new address in place of the old one, which is told and can take it back for seven days. Ends every other session.',
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
      'Takes a change of address back, from the old mailbox. Ends every session, and the password: the owner sets a new one.',
  })
  undoEmailChange(
    @Arg('input', () => UndoEmailChangeInput, { description: 'The token of the link.' })
    input: UndoEmailChangeInput,
    @Ctx() ctx: Context,
  ): Promise<Accepted> {
    return undoEmailChange(ctx, input);
  }
}
