import { appendFile, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import { assertSafeHeaders } from './assert-single-mailbox.ts';
import type { MailboxEntry, MailboxMailer } from './mailer.ts';

const keptMails = 200;

const storedEntry = z.object({
  id: z.string(),
  at: z.string(),
  to: z.string(),
  subject: z.string(),
  text: z.string(),
  html: z.string(),
});

export type MailboxOptions = {
  readonly clock: Clock;
  /** The folder of mailbox.jsonl; without it, mails are kept in memory only. */
  readonly dataDirectory?: string;
};

/**
 * The development mailbox: it sends no mail, and keeps the newest 200 for reading, across restarts
 * too.
 */
export async function openMailboxMailer(options: MailboxOptions): Promise<MailboxMailer> {
  const file =
    options.dataDirectory === undefined ? null : join(options.dataDirectory, 'mailbox.jsonl');
  let entries = file === null ? [] : await readCompacted(file, options.dataDirectory ?? '');
  let last: Promise<void> = Promise.resolve();

  const keep = async (entry: MailboxEntry): Promise<void> => {
    if (entries.some(({ id }) => id === entry.id)) return;
    if (file !== null) await appendFile(file, `${JSON.stringify(entry)}\n`, { mode: 0o600 });
    entries = [...entries, entry].slice(-keptMails);
  };

  return {
    name: 'mailbox',
    send: (mail) => {
      // Writes are serialised, so that lines do not interleave and a second send with the same id
      // finds the first.
      const sending = last.then(() => {
        assertSafeHeaders(mail);
        const { id, to, subject, text, html } = mail;
        return keep({ id, at: options.clock.now().toISOString(), to, subject, text, html });
      });
      last = sending.catch(() => {});
      return sending;
    },
    list: () => entries.toReversed(),
    close: () => last,
  };
}

async function readCompacted(file: string, directory: string): Promise<MailboxEntry[]> {
  await mkdir(directory, { recursive: true });
  const lines = (await readFile(file, 'utf8').catch(() => ''))
    .split('\n')
    .filter((line) => line !== '');
  const entries = lines.flatMap(readLine).slice(-keptMails);
  if (entries.length < lines.length) {
    await writeFile(`${file}.new`, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''), {
      mode: 0o600,
    });
    await rename(`${file}.new`, file);
  }
  return entries;
}

/** Empty for an incomplete line, as a crash leaves it. */
function readLine(line: string): MailboxEntry[] {
  try {
    const entry = storedEntry.safeParse(JSON.parse(line));
    return entry.success ? [entry.data] : [];
  } catch {
    return [];
  }
}
