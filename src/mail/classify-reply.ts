import { MailError } from './mailer.ts';

type Reply = {
  readonly status: number;
  /** What the server said; it decides, and is never passed on. */
  readonly text: string;
  /** The command that it answers, such as `RCPT TO`. */
  readonly command: string;
};

/** The replies to RCPT TO that are about the mailbox (RFC 5321 4.2.2, RFC 7504). */
const mailboxReplies: ReadonlySet<number> = new Set([550, 551, 553, 556]);

/** What servers say with the same numbers about us and not about the mailbox. */
const aboutUs = new RegExp(
  'relay|denied|block|polic|spam|authenti|prohibit|reputation|listed|quota|limit|rate|sender|' +
    'suspend|unauthori[sz]ed',
  'i',
);

/** Of the codes 5.1.x, those about the sender (RFC 3463 3.2). */
const senderDetails: ReadonlySet<number> = new Set([7, 8]);

/** What servers say to a sender who is too quick for them. */
const tooMany = /too (?:many|fast|much)|\brate|limit|throttl|slow down/i;

/** Replies about our login, whichever command they answer (RFC 4954 6). */
const loginReplies: ReadonlySet<number> = new Set([530, 534, 535, 538]);

/** Of the codes 5.7.x, the first and the last about our login (RFC 4954 6, RFC 5248 3). */
const [firstLoginDetail, lastLoginDetail] = [8, 14];

/**
 * The failure that a reply of an SMTP server stands for. Only a reply about the recipient's address
 * makes a mail hopeless; everything else may be put right, by the operator or by time. What is said
 * to one recipient or of one message says nothing of the next, unless it is about the server or us.
 */
export function classifyReply(reply: Reply): MailError {
  const { status } = reply;
  const enhanced = readEnhanced(reply.text);
  const permanent = isAboutAddress(reply, enhanced);
  const isRecipient = permanent || isAboutOneMail(reply, enhanced);
  return new MailError(`smtp_${status}`, {
    fault: isRecipient ? 'recipient' : 'provider',
    permanent,
    aboutAddress: isRecipient && !isPolicy(reply.text, enhanced),
    throttled: status === 421 || (status < 500 && !isRecipient && tooMany.test(reply.text)),
  });
}

/** Of what is said of one mail, what may be meant for us: relaying, blocking, spam, quotas. */
function isPolicy(text: string, enhanced: Enhanced | null): boolean {
  if (enhanced?.subject === 1 || enhanced?.subject === 2) return false;
  return enhanced?.subject === 7 || aboutUs.test(text);
}

type Enhanced = { readonly subject: number; readonly detail: number };

/** The subject and detail of an enhanced status code (RFC 3463): `5.1.1` has 1 and 1. */
function readEnhanced(text: string): Enhanced | null {
  const found = /^\d{3}[ -][245]\.(\d{1,3})\.(\d{1,3})\b/.exec(text);
  return found ? { subject: Number(found[1]), detail: Number(found[2]) } : null;
}

function isAboutAddress({ status, text, command }: Reply, enhanced: Enhanced | null): boolean {
  if (status < 500 || (command !== 'RCPT TO' && command !== 'DATA')) return false;
  if (enhanced !== null) return enhanced.subject === 1 && !senderDetails.has(enhanced.detail);
  return command === 'RCPT TO' && mailboxReplies.has(status) && !aboutUs.test(text);
}

/**
 * A mailbox that is full, disabled or greylisted, a recipient or a filter that wants nothing of us:
 * the next mail may be taken. Who refuses everyone that way is found out by the number of
 * recipients.
 */
function isAboutOneMail({ status, text, command }: Reply, enhanced: Enhanced | null): boolean {
  if (command !== 'RCPT TO' && command !== 'DATA') return false;
  if (status === 421 || loginReplies.has(status)) return false;
  if (enhanced?.subject === 2) return true;
  if (status < 500 && tooMany.test(text)) return false;
  // A local error, or no room for any mail (RFC 5321 4.2.2).
  if (enhanced === null) return command === 'RCPT TO' || (status !== 451 && status !== 452);
  const { subject, detail } = enhanced;
  if (subject === 1) return !senderDetails.has(detail);
  if (subject === 7) return detail < firstLoginDetail || detail > lastLoginDetail;
  return subject !== 3;
}
