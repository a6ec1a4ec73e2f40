import { domainToASCII } from 'node:url';
import addressParser from 'nodemailer/lib/addressparser';
import { assertSingleMailbox } from './assert-single-mailbox.ts';

/** Who our mails are from: a name, and an address with its domain in ASCII. */
export type Sender = { readonly name: string | null; readonly address: string };

const maxName = 100;

/**
 * Reads `no-reply@example.com`, `Acme <no-reply@example.com>` or `"Acme, Inc." <no-reply@…>`; a
 * domain in any script becomes punycode (RFC 5891). Null for anything else: several addresses, a
 * group, a comment.
 */
export function parseSender(text: string): Sender | null {
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text)) return null;
  const [, before, bracketed] = /^(.*?)<([^<>"]+)>$/u.exec(text.trim()) ?? [];
  const written = (bracketed ?? text).trim();
  // Parsed only for the name: the parser would also repair what is no sender.
  const [parsed, ...others] = addressParser(text);
  const isOne = parsed !== undefined && others.length === 0 && parsed.address === written;
  const isPlain =
    before === undefined || /^(?:"(?:[^"\\]|\\.)*"|[^"<>@:;()\\]*)$/u.test(before.trim());
  if (!isOne || !isPlain || parsed.name.length > maxName) return null;
  const at = written.lastIndexOf('@');
  const address = `${written.slice(0, at)}@${domainToASCII(written.slice(at + 1))}`;
  try {
    assertSingleMailbox(address);
  } catch {
    return null;
  }
  return { name: parsed.name === '' ? null : parsed.name, address };
}

/** As the header From takes it (RFC 5322 3.4): a name with special characters is quoted. */
export function formatSender({ name, address }: Sender): string {
  if (name === null) return address;
  const isPhrase = /^[\p{L}\p{M}\p{N} !#$%&'*+/=?^_`{|}~-]+$/u.test(name);
  const shown = isPhrase ? name : `"${name.replace(/["\\]/g, '\\$&')}"`;
  return `${shown} <${address}>`;
}
