import type { IdentityFlowRow } from '../../db/tables/identity-flows.ts';

/** Where a browser goes whose flow has failed: the app is told that, and not why (ID-18). */
export function refusedUrl({ returnTo }: Pick<IdentityFlowRow, 'returnTo'>): string {
  if (returnTo === null) throw new Error('A flow of a browser leads nowhere.');
  return `${returnTo}#error=PROVIDER_REFUSED`;
}
