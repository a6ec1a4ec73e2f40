import { z } from 'zod';
import type { App } from '../../app.ts';
import { emailContent } from '../emails/email-content.ts';

/**
 * Every mail of ours fits into this size, so that a row's size reveals neither its recipient's
 * length nor whether there is one (EN-2).
 */
const paddedSize = 1024;

const payload = z.object({
  to: z.string(),
  locale: z.string().nullable(),
  content: emailContent,
  /** Asked for by a device that the account knows: others cannot use up its budget. */
  isOwners: z.boolean().optional(),
});

export type MailPayload = z.infer<typeof payload>;

type Keys = Pick<App, 'keys'>;

/**
 * Encrypts recipient, language and content for storage (DP-2), bound to the row's id. Null: a decoy
 * row.
 */
export function sealMail(
  { keys }: Keys,
  input: { id: string; payload: MailPayload | null },
): Uint8Array {
  const plain = Buffer.from(JSON.stringify(input.payload));
  const size = Math.ceil(plain.length / paddedSize) * paddedSize;
  // White space after a JSON text has no meaning (RFC 8259 section 2).
  return keys.seal(
    'outbox-seal',
    input.id,
    Buffer.concat([plain, Buffer.alloc(size - plain.length, ' ')]),
  );
}

/**
 * Decrypts a sealed mail; null where the key is gone, the row was tampered with, or a newer version
 * wrote what this one does not know.
 */
export function openMail(
  { keys }: Keys,
  input: { id: string; sealed: Uint8Array | null },
): MailPayload | null {
  const plain = input.sealed && keys.open('outbox-seal', input.id, input.sealed);
  if (!plain) return null;
  const parsed = payload.safeParse(JSON.parse(plain.toString('utf8')));
  return parsed.success ? parsed.data : null;
}
