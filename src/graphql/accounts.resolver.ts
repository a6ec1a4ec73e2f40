import { Args, Ctx, FieldResolver, Int, Query, Resolver } from 'type-graphql';
import type { Context } from '../context.ts';
import { type Account, account, recoveryCodesLeft } from '../domain/accounts/account.ts';
import { listSecurityEvents, type SecurityEvent } from '../domain/accounts/list-security-events.ts';
import type { Page } from '../domain/paging.ts';
import { listSessions, type SessionPage } from '../domain/sessions/list-sessions.ts';
import { AccountType } from './accounts.types.ts';
import { AuditEventConnectionType } from './audit.types.ts';
import { PageArgs } from './paging.types.ts';
import { AuthSessionConnectionType } from './sessions.types.ts';

@Resolver(() => AccountType)
export class AccountResolver {
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
}
