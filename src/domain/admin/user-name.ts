import { validate as isUuid } from 'uuid';
import { parseEmailAddress } from '../addresses/email-address.ts';

/** How an operator names a user. */
export type UserName =
  | { readonly kind: 'id'; readonly id: string }
  | { readonly kind: 'address'; readonly canonical: string };

/** Null where the text is neither an id nor one e-mail address. */
export function readUserName(text: string): UserName | null {
  if (isUuid(text)) return { kind: 'id', id: text.toLowerCase() };
  const address = parseEmailAddress(text);
  return address && { kind: 'address', canonical: address.canonical };
}
