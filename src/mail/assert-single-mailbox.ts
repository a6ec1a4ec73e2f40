import { type Mail, MailError } from './mailer.ts';

const local = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+";
const label = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?';
const mailbox = new RegExp(`^${local}@${label}(?:\\.${label})*$`);

/** RFC 5321 4.5.3.1.3, without the angle brackets. */
const maxLength = 254;

/**
 * Accepts exactly one bare address (atoms of RFC 5322 3.2.3 with dots anywhere, as some providers
 * have given out; ASCII); throws a permanent MailError without the value for anything else.
 * SECURITY: the last check before the address reaches a header. Lists, display names, groups,
 * quoted forms and line breaks can add recipients that the caller did not name (EM-2, ADV-19), so
 * none of them is parsed or repaired here.
 */
export function assertSingleMailbox(to: unknown): asserts to is string {
  if (typeof to !== 'string' || to.length > maxLength || !mailbox.test(to)) {
    throw refused('refused_recipient');
  }
}

/**
 * Refuses header values that are not a single line of text; each transport calls this before it
 * sends a mail.
 */
export function assertSafeHeaders(mail: Mail): void {
  assertSingleMailbox(mail.to);
  if (/\p{Cc}/u.test(mail.subject)) throw refused('refused_subject');
  if (!/^[A-Za-z0-9-]{1,64}$/.test(mail.id)) throw refused('refused_id');
}

function refused(reason: string): MailError {
  return new MailError(reason, { fault: 'ours', permanent: true });
}
