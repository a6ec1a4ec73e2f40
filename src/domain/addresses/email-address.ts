import { domainToASCII } from 'node:url';

/** RFC 5321 4.5.3.1.3, less the angle brackets. */
const maxLength = 254;
const maxLocalLength = 64;

/**
 * The atoms of RFC 5322 3.2.3 and dots, without quoted forms; ASCII only, so that look-alike
 * letters cannot imitate another user's address. Some providers have given out addresses with two
 * dots together or one at the end, and mail to them arrives.
 */
const localPattern = /^(?=.*[^.])[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+$/;
const strayDots = /^\.|\.\.|\.@/;
const domainPattern =
  /^(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?:[a-z][a-z0-9-]{0,61}[a-z0-9])$/;

export type EmailAddress = {
  /** Where mail is sent: the local part as written, the domain in ASCII. */
  readonly address: string;
  /** The form used for look-up, the unique index and every limit (RC-10, ADV-55). */
  readonly canonical: string;
};

/**
 * Reads exactly one address, or null. The canonical form has no surrounding space, the domain in
 * lower case and punycode (UTS 46), and the local part in lower case. Dots and plus signs are kept:
 * they are different mailboxes at most providers.
 */
export function parseEmailAddress(text: string): EmailAddress | null {
  if (text.length > maxLength * 4) return null;
  const trimmed = text.trim();
  // SECURITY: look-alikes of "@" and "." are normalised only inside the domain, after the one ASCII
  // "@" has split it (ADV-18).
  const at = trimmed.indexOf('@');
  if (at < 1 || at !== trimmed.lastIndexOf('@')) return null;
  const local = trimmed.slice(0, at);
  const writtenDomain = trimmed.slice(at + 1);
  if (local.length > maxLocalLength || !localPattern.test(local)) return null;
  if (writtenDomain.normalize('NFKC').includes('@') || /[\s,;<>()[\]\\":/?#%]/u.test(writtenDomain))
    return null;
  const domain = domainToASCII(writtenDomain).toLowerCase();
  if (!domainPattern.test(domain)) return null;
  const address = `${local}@${domain}`;
  if (address.length > maxLength) return null;
  return { address, canonical: `${local.toLowerCase()}@${domain}` };
}

/** Whether its dots stand as RFC 5322 has them: asked of addresses that we do not know yet. */
export function hasPlainDots({ address }: EmailAddress): boolean {
  return !strayDots.test(address);
}

/** `u***@example.com`: enough for the owner to recognise the mailbox. */
export function maskEmailAddress(address: string): string {
  const at = address.lastIndexOf('@');
  return `${address.slice(0, 1)}***${address.slice(at)}`;
}

/** The canonical form of a stored address. Throws where it is missing or invalid. */
export function canonicalOf(stored: string | null): string {
  const parsed = stored === null ? null : parseEmailAddress(stored);
  if (!parsed) throw new Error('A stored address is not valid.');
  return parsed.canonical;
}
