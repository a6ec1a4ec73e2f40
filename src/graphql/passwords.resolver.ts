import { Arg, Ctx, Mutation, Resolver } from 'type-graphql';
import type { Context } from '../context.ts';
import type { Accepted } from '../domain/accepted.ts';
import { changePassword } from '../domain/accounts/change-password.ts';
import { requestPasswordReset } from '../domain/accounts/request-password-reset.ts';
import { resetPassword } from '../domain/accounts/reset-password.ts';
import {
  ChangePasswordInput,
  ChangePasswordResult,
  RequestPasswordResetInput,
  RequestPasswordResetResult,
  ResetPasswordInput,
  ResetPasswordResult,
} from './passwords.types.ts';

@Resolver()
export class PasswordsResolver {
  @Mutation(() => RequestPasswordResetResult, {
    description:
      'Mails a link to a new password, good for one hour. The answer is the same whether or not there is an account.',
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
}
