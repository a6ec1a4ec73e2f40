import type { Context } from '../../context.ts';
import type { Finding, SignInCounts } from '../../ports.ts';
import { requireAdminToLook } from './require-admin.ts';

export type Overview = SignInCounts & { readonly findings: readonly Finding[] };

/** What administrators should know at a glance; up to a minute old. Throws FORBIDDEN. */
export async function overview(ctx: Context): Promise<Overview> {
  requireAdminToLook(ctx);
  return { ...(await ctx.watch.signIns()), findings: await ctx.watch.findings() };
}
