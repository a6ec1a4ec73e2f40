import { graphqlDocument } from './answers.ts';
import type { Fields, Page } from './page.ts';
import type { Visit } from './visit.ts';

/** In seconds: a year, the longest that pages keep anything in a browser. */
const kept = 365 * 86_400;

/**
 * Whether a sign-in may end with the offer of a passkey: it began with a password, in a browser
 * that has passkeys and was never asked. A cookie remembers that, since a passkey is one of this
 * browser's devices, and an account that has one already is never asked.
 */
export function mayOffer(visit: Visit, { page, fields }: { page: Page; fields: Fields }): boolean {
  if (!page.beginsSignIn) return visit.step.mayOffer === true;
  const isByPassword = page.path === 'sign-in' && fields['form'] === 'password';
  const isTaken = fields['offer'] === '1' && visit.takesPasskeys;
  return isByPassword && isTaken && visit.cookies.read('offered') === undefined;
}

const document = graphqlDocument('query Own { account { passkeys { id } } }');

/** Whether to offer one now, which is not done again in this browser. */
export async function offersPasskey(visit: Visit): Promise<boolean> {
  const { data } = await visit.ask(document, 'Own');
  const { passkeys } = data['account'] as { readonly passkeys: readonly unknown[] };
  if (passkeys.length > 0) return false;
  visit.cookies.write('offered', '1', kept);
  return true;
}
