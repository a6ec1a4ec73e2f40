import { Arg, Ctx, Mutation, Resolver } from 'type-graphql';
import type { Context } from '../context.ts';
import type { Accepted } from '../domain/accepted.ts';
import { deleteAccount } from '../domain/accounts/delete-account.ts';
import { type AccountExport, exportAccount } from '../domain/accounts/export-account.ts';
import {
  DeleteAccountInput,
  DeleteAccountResult,
  ExportAccountInput,
  ExportAccountResult,
} from './privacy.types.ts';

@Resolver()
export class PrivacyResolver {
  @Mutation(() => ExportAccountResult, {
    description:
      'Gives all that is stored about the caller, in the answer and never by mail. Needs a fresh step-up.',
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
      'Ends every session and erases the account. The address can register anew, with nothing inherited. Needs a fresh step-up.',
  })
  deleteAccount(
    @Arg('input', () => DeleteAccountInput, { description: 'The address, as a confirmation.' })
    input: DeleteAccountInput,
    @Ctx() ctx: Context,
  ): Promise<Accepted> {
    return deleteAccount(ctx, input);
  }
}
