import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Transaction } from '../../db/driver/transaction.ts';
import { outboxMessages } from '../../db/tables/outbox-messages.ts';
import { createTestDatabase, type TestDatabase } from '../../testing/database.ts';
import {
  createCountingMailer,
  createOutboxApp,
  enqueueMail,
  type TestOutboxApp,
} from '../../testing/outbox-app.ts';
import { verifyLink } from '../emails/links.ts';
import { enqueueEmail, enqueueNothing } from './enqueue-email.ts';
import { openMail } from './sealed-mail.ts';

describe('mail is written with the change that it is about', () => {
  let test: TestDatabase;
  let app: TestOutboxApp;
  const to = 'ada.lovelace@example.org';
  const code = '042719';

  beforeAll(async () => {
    test = await createTestDatabase();
  });
  afterAll(() => test.drop());
  beforeEach(async () => {
    await test.database.db.delete(outboxMessages);
    app = createOutboxApp({
      db: test.database.db,
      mailer: createCountingMailer({ milliseconds: 0 }),
    });
  });

  const enqueueCode = (db: Transaction) => {
    const link = verifyLink(app.config, { token: 'token-of-the-link' });
    return enqueueEmail(app, {
      db,
      to,
      locale: 'en',
      content: { template: 'verify-email', code, link, name: 'Ada Lovelace' },
    });
  };

  it('DP-2 EM-4 stores no code, link, name or address in plain text', async () => {
    await app.transaction(enqueueCode);
    const [row] = await app.db.select().from(outboxMessages);
    const sealed = Buffer.from(row?.sealedPayload ?? []);
    const shown = `${JSON.stringify({ ...row, sealedPayload: null })} ${sealed.toString('latin1')}`;
    for (const secret of [
      code,
      'token-of-the-link',
      'Lovelace',
      'lovelace',
      'example.org',
      'app.example.com',
    ]) {
      expect(shown).not.toContain(secret);
    }
    expect(sealed.length).toBeGreaterThan(1024);
    expect(openMail(app, { id: row?.id ?? '', sealed })).toMatchObject({ to, content: { code } });
  });

  it('DP-2 cannot be decrypted as another row, nor with a bit changed', async () => {
    await app.transaction(enqueueCode);
    await app.transaction(enqueueCode);
    const [one, other] = await app.db.select().from(outboxMessages);
    if (!one?.sealedPayload || !other?.sealedPayload) throw new Error('There are no rows.');
    expect(openMail(app, { id: one.id, sealed: other.sealedPayload })).toBeNull();
    const changed = Uint8Array.from(one.sealedPayload);
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
    expect(openMail(app, { id: one.id, sealed: changed })).toBeNull();
  });

  it('EM-5 leaves no mail where the change is rolled back', async () => {
    const change = app.transaction(async (tx) => {
      await enqueueCode(tx);
      throw new Error('The change failed.');
    });
    await expect(change).rejects.toThrow('The change failed.');
    expect(await app.db.select().from(outboxMessages)).toEqual([]);
  });

  it('EN-2 costs the same for a decoy: one row of the same size, its own template', async () => {
    await app.transaction(enqueueCode);
    await enqueueMail(app, {
      to: 'a@b.c',
      locale: null,
      content: { template: 'step-up-code', code },
    });
    await app.transaction((db) => enqueueNothing(app, { db, purpose: 'sign-in' }));
    const rows = await app.db.select().from(outboxMessages);
    expect(rows).toHaveLength(3);
    expect(new Set(rows.map(({ sealedPayload }) => sealedPayload?.length)).size).toBe(1);
    expect(rows.map(({ template }) => template).sort()).toEqual([
      'none',
      'step-up-code',
      'verify-email',
    ]);
  });

  it('retries a code until it expires, and a notice for three days', async () => {
    const now = app.clock.now();
    const at = now.toISOString();
    const ownEnd = new Date(now.getTime() + 60_000);
    await enqueueMail(app, {
      to,
      locale: null,
      content: { template: 'login-code', code, link: 'x' },
    });
    await enqueueMail(app, {
      to,
      locale: null,
      content: { template: 'refresh-reused', at },
    });
    await enqueueMail(app, {
      to,
      locale: null,
      content: { template: 'step-up-code', code },
      expiresAt: ownEnd,
    });
    const rows = await app.db.select().from(outboxMessages);
    const seconds = (template: string) =>
      ((rows.find((row) => row.template === template)?.expiresAt.getTime() ?? 0) - now.getTime()) /
      1000;
    expect(['login-code', 'refresh-reused', 'step-up-code'].map(seconds)).toEqual([
      600,
      3 * 24 * 3600,
      60,
    ]);
  });
});
