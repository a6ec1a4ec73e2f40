import { appendFile, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestClock } from '../testing/clock.ts';
import { createMailer } from './create-mailer.ts';
import { openMailboxMailer } from './mailbox-mailer.ts';

const clock = createTestClock(new Date('2026-11-23T08:41:00.000Z'));
const mailOf = (id: number) => ({
  id: `mail-${id}`,
  to: 'ada@example.org',
  subject: 'Hello',
  text: `${id}\n`,
  html: `<p>${id}</p>`,
});

describe('the development mailbox', () => {
  let dataDirectory: string;
  beforeEach(async () => {
    dataDirectory = await mkdtemp(join(tmpdir(), 'latchkey-mailbox-'));
  });
  afterEach(() => rm(dataDirectory, { recursive: true }));

  it('is refused as the transport in production', async () => {
    const config = { mode: 'production', mail: { transport: 'mailbox' }, dataDirectory } as const;
    await expect(createMailer(config, { clock })).rejects.toThrow('MAIL_TRANSPORT');
    expect((await createMailer({ ...config, mode: 'development' }, { clock })).name).toBe(
      'mailbox',
    );
  });

  it('EM-2 stores no mail with more than one recipient', async () => {
    const mailbox = await openMailboxMailer({ clock });
    await expect(
      mailbox.send({ ...mailOf(1), to: 'a@x.org,b@evil.example' }),
    ).rejects.toMatchObject({
      reason: 'refused_recipient',
    });
    expect(mailbox.list()).toEqual([]);
  });

  it('EM-5 stores a mail that is sent twice under the same id once', async () => {
    const mailbox = await openMailboxMailer({ clock, dataDirectory });
    await Promise.all([mailbox.send(mailOf(1)), mailbox.send(mailOf(1))]);
    expect(mailbox.list()).toHaveLength(1);
  });

  it('lists the newest 200, newest first, also after a restart', async () => {
    const mailbox = await openMailboxMailer({ clock, dataDirectory });
    await Promise.all(Array.from({ length: 205 }, (_, index) => mailbox.send(mailOf(index))));
    await mailbox.close();
    expect(mailbox.list()).toHaveLength(200);
    expect(mailbox.list()[0]).toEqual({ at: '2026-11-23T08:41:00.000Z', ...mailOf(204) });
    expect(mailbox.list()[199]?.id).toBe('mail-5');

    // An incomplete line, as a crash during a write leaves it.
    await appendFile(join(dataDirectory, 'mailbox.jsonl'), '{"id":"cut');
    const reopened = await openMailboxMailer({ clock, dataDirectory });
    expect(reopened.list()).toEqual(mailbox.list());
    const file = join(dataDirectory, 'mailbox.jsonl');
    expect((await readFile(file, 'utf8')).trimEnd().split('\n')).toHaveLength(200);
    expect((await stat(file)).mode & 0o077).toBe(0);
  });
});
