import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { getTableName } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../clock.ts';
import { openMailboxMailer } from '../mail/mailbox-mailer.ts';
import { createResendMailer } from '../mail/resend-mailer.ts';
import { startTestServer, type TestServer } from '../testing/app.ts';
import { tables } from '../testing/dump.ts';
import { type Journey, liveThrough } from '../testing/journey.ts';
import { type ResendStandIn, startResendStandIn } from '../testing/resend-stand-in.ts';

describe('outgoing data', () => {
  let resend: ResendStandIn;
  let server: TestServer;
  let journey: Journey;
  const reached = new Set<string>();
  const note = (message: unknown): void => {
    const socket =
      typeof message === 'object' && message !== null && 'socket' in message
        ? message.socket
        : null;
    if (!(socket instanceof Socket)) return;
    socket.once('connect', () => reached.add(`${socket.remoteAddress}:${socket.remotePort}`));
    socket.once('lookup', (_error, _address, _family, host) => reached.add(`lookup of ${host}`));
  };

  beforeAll(async () => {
    resend = await startResendStandIn();
    const mailbox = await openMailboxMailer({ clock: systemClock });
    const out = createResendMailer({
      apiKey: 're_key',
      baseUrl: resend.url,
      from: 'no-reply@example.com',
      timeoutMs: 5000,
    });
    server = await startTestServer({
      mailbox,
      mailer: {
        name: 'resend',
        send: async (mail) => {
          await out.send(mail);
          await mailbox.send(mail);
        },
        close: async () => {},
      },
    });
    subscribe('net.client.socket', note);
    journey = await liveThrough(server);
    unsubscribe('net.client.socket', note);
  });
  afterAll(async () => {
    await server.stop();
    await resend.close();
  });

  it('DP-7 goes only to the database and to the mail service', () => {
    const ours = [server.url, resend.url, server.database.url ?? ''].map(
      (url) => new URL(url).port,
    );
    expect(reached.size).toBeGreaterThan(1);
    const strange = [...reached].filter((place) => !ours.includes(place.split(':').at(-1) ?? ''));
    expect(strange).toEqual([]);
  });

  it('DP-7 the mail service gets address, subject and text of each mail only', () => {
    expect(resend.requests.length).toBeGreaterThan(10);
    for (const { body } of resend.requests) {
      expect(
        Object.keys(body).filter(
          (key) => !['from', 'to', 'subject', 'text', 'html', 'headers'].includes(key),
        ),
      ).toEqual([]);
      const whole = JSON.stringify(body);
      expect(whole).not.toContain(journey.id);
      expect(whole).not.toContain('127.0.0.1');
    }
  });
});

describe('docs/security.md', () => {
  const text = readFileSync('docs/security.md', 'utf8');
  /** The first cells of the table under a heading. */
  const rowsUnder = (heading: string): string[] => {
    const [, section = ''] = text.split(`\n## ${heading}\n`);
    return [...(section.split('\n## ')[0] ?? '').matchAll(/^\| `([\w-]+)`/gm)].map(
      ([, name = '']) => name,
    );
  };

  it('DP-7 lists for every table its personal data and their retention', () => {
    expect(rowsUnder('What is stored').sort()).toEqual(
      tables.map((table) => getTableName(table)).sort(),
    );
  });

  it('DP-7 lists the purpose of every key', () => {
    const source = readFileSync('src/secret-keys.ts', 'utf8');
    const [, union = ''] = /export type KeyPurpose =([^;]+);/.exec(source) ?? [];
    const purposes = [...union.matchAll(/'([\w-]+)'/g)].map(([, name = '']) => name);
    expect(purposes.length).toBeGreaterThan(5);
    expect(rowsUnder('Cryptography').sort()).toEqual(purposes.sort());
  });
});
