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
const tooMany = /too (?:many|fast|much)|rate|limit|throttl|slow down/i;

/**
 * The failure that a reply of an SMTP server stands for. Only a reply about the recipient's address
 * makes a mail hopeless; everything else may be put right, by the operator or by time.
 */
export function classifyReply(reply: Reply): MailError {
  const { status } = reply;
  const enhanced = readEnhanced(reply.text);
  const permanent = isAboutAddress(reply, enhanced);
  const isRecipient = permanent || isAboutMailbox(reply, enhanced);
  return new MailError(`smtp_${status}`, {
    fault: isRecipient ? 'recipient' : 'provider',
    permanent,
    throttled: status === 421 || (status < 500 && !isRecipient && tooMany.test(reply.text)),
  });
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

/** A mailbox that is full, unknown for the moment or greylisted: the next mail may be taken. */
function isAboutMailbox({ status, text, command }: Reply, enhanced: Enhanced | null): boolean {
  if (command !== 'RCPT TO' || status >= 500 || status === 421 || tooMany.test(text)) return false;
  return enhanced === null || [0, 1, 2, 7].includes(enhanced.subject);
}
