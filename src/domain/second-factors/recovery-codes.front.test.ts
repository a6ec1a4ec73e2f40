import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recoveryCodes as recoveryCodeTable } from '../../db/tables/recovery-codes.ts';
import { createSecretKeys } from '../../secret-keys.ts';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { enrolTotp, signInWithApp } from '../../testing/authenticator.ts';
import { meQuery } from '../../testing/client.ts';
import { claimsOf } from '../../testing/factors.ts';
import { registerPerson } from '../../testing/people.ts';
import { countRecoveryCodes } from '../recovery-codes/count-recovery-codes.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const refused = (code: string) => ({ __typename: 'AuthError', code });
const left = (userId: string) => countRecoveryCodes(server.app, { db: server.app.db, userId });
const accountQuery = '{ account { totpEnabled recoveryCodesLeft } }';

async function someone() {
  const person = await registerPerson(server);
  const { phone, recoveryCodes } = await enrolTotp(server, person);
  const begin = () => server.mutate('login', { email: person.email, password: person.password });
  const redeem = async (code: string | undefined) =>
    server.mutate('verifyOtp', { challengeId: (await begin()).id, code: code ?? '' });
  return { person, phone, recoveryCodes, begin, redeem, sender: { token: person.accessToken } };
}

describe('recovery codes', () => {
  it('OT-16 ADV-34 work once each, across all sessions', async () => {
    const { person, phone, recoveryCodes, redeem } = await someone();
    const [first, second] = recoveryCodes;
    expect((await redeem(first)).__typename).toBe('AuthTokens');
    expect(await redeem(first)).toMatchObject(refused('INVALID_OR_EXPIRED_CODE'));
    const elsewhere = await signInWithApp(server, person, phone);
    const sender = { token: elsewhere.accessToken };
    const stepUp = await server.mutate('reauthenticate', { password: person.password }, sender);
    const again = await server.mutate(
      'verifyOtp',
      { challengeId: stepUp.id, code: first ?? '' },
      sender,
    );
    expect(again).toMatchObject(refused('INVALID_OR_EXPIRED_CODE'));
    for (const name of ['disableTotp', 'regenerateRecoveryCodes'] as const) {
      expect(await server.mutate(name, { code: first }, sender)).toMatchObject(
        refused('INVALID_OR_EXPIRED_CODE'),
      );
    }
    expect((await redeem(second)).__typename).toBe('AuthTokens');
    expect(await left(person.id)).toBe(8);
  });

  it('are ten, counted correctly, and no longer offered once they are used up', async () => {
    const { person, phone, recoveryCodes, begin, redeem } = await someone();
    expect(recoveryCodes).toHaveLength(10);
    expect(new Set(recoveryCodes).size).toBe(10);
    for (const [index, code] of recoveryCodes.entries()) {
      expect(await left(person.id)).toBe(10 - index);
      expect((await begin()).methods).toEqual(['TOTP', 'RECOVERY_CODE']);
      const tokens = await redeem(code);
      const seen = await server.send(accountQuery, {}, { token: tokens.accessToken });
      expect(seen.data.account).toEqual({ totpEnabled: true, recoveryCodesLeft: 9 - index });
      expect(claimsOf(tokens.accessToken)['amr']).toEqual(['pwd', 'otp', 'mfa']);
      await server.nextMail(person.email);
    }
    expect(await left(person.id)).toBe(0);
    const challenge = await begin();
    expect(challenge.methods).toEqual(['TOTP']);
    const over = await server.mutate('verifyOtp', {
      challengeId: challenge.id,
      code: recoveryCodes[0] ?? '',
    });
    expect(over).toMatchObject(refused('INVALID_OR_EXPIRED_CODE'));
    expect((await signInWithApp(server, person, phone)).id).toBe(person.id);
  });

  it('do not count once the key that hashed them is removed', async () => {
    const { person } = await someone();
    const rotated = createSecretKeys([Buffer.alloc(32, 9)]);
    expect(
      await countRecoveryCodes({ keys: rotated }, { db: server.app.db, userId: person.id }),
    ).toBe(0);
  });

  it('OT-16 are in no table and in no log', async () => {
    const { person, recoveryCodes, redeem } = await someone();
    await redeem(recoveryCodes[0]);
    const rows = (await server.app.db.select().from(recoveryCodeTable)).filter(
      (row) => row.userId === person.id,
    );
    expect(rows).toHaveLength(10);
    const stored = rows.map((row) => Buffer.from(row.codeHash).toString('latin1')).join('\n');
    for (const code of recoveryCodes) {
      for (const form of [code, code.replaceAll('-', '')]) {
        expect(stored).not.toContain(form);
        expect(server.logLines.join('\n')).not.toContain(form);
      }
    }
  });

  it('of another user or made up are refused like any wrong code', async () => {
    const [ada, eve] = [await someone(), await someone()];
    expect(await ada.redeem(eve.recoveryCodes[0])).toMatchObject(
      refused('INVALID_OR_EXPIRED_CODE'),
    );
    expect(await ada.redeem('0000-0000-0000-0000')).toMatchObject(
      refused('INVALID_OR_EXPIRED_CODE'),
    );
    expect(await left(eve.person.id)).toBe(10);
  });

  it('are accepted in the ways in which users type them', async () => {
    const { recoveryCodes, redeem } = await someone();
    const [first = '', second = '', third = ''] = recoveryCodes;
    expect((await redeem(first.toLowerCase())).__typename).toBe('AuthTokens');
    expect((await redeem(` ${second.replaceAll('-', ' ')} `)).__typename).toBe('AuthTokens');
    expect(
      (await redeem(third.replaceAll('-', '').replaceAll('0', 'o').replaceAll('1', 'l')))
        .__typename,
    ).toBe('AuthTokens');
  });

  it('OT-16 notify their owner when used, with the number left and without a code', async () => {
    const { person, recoveryCodes, redeem } = await someone();
    await redeem(recoveryCodes[3]);
    const mail = await server.nextMail(person.email);
    expect(mail.subject).toBe('A recovery code was used');
    expect(mail.text).toMatch(/^Codes left: 9$/m);
    expect(mail.text).toMatch(/^Network: 127\.0\.0\.0\/24$/m);
    for (const code of recoveryCodes) expect(`${mail.text}${mail.html}`).not.toContain(code);
  });

  it('OT-16 are replaced as a set: old codes and sessions end, the owner is told', async () => {
    const { person, phone, recoveryCodes, redeem } = await someone();
    const elsewhere = await signInWithApp(server, person, phone);
    const here = await signInWithApp(server, person, phone);
    const renewed = await server.mutate('regenerateRecoveryCodes', {}, { token: here.accessToken });
    expect(renewed.codes).toHaveLength(10);
    expect(renewed.codes.filter((code: string) => recoveryCodes.includes(code))).toEqual([]);
    const other = await server.send(meQuery, {}, { token: elsewhere.accessToken });
    expect(other.errors[0]?.extensions).toMatchObject({
      code: 'UNAUTHENTICATED',
      reason: 'SESSION_REVOKED',
    });
    expect((await server.nextMail(person.email)).subject).toBe('New recovery codes were made');
    for (const code of recoveryCodes.slice(0, 3)) {
      expect(await redeem(code)).toMatchObject(refused('INVALID_OR_EXPIRED_CODE'));
    }
    expect((await redeem(renewed.codes[9])).__typename).toBe('AuthTokens');
    expect(await left(person.id)).toBe(9);
  });

  it('OT-15 are regenerated with a code of the app where the session has no proof', async () => {
    const { phone, sender } = await someone();
    const wanting = await server.mutate('regenerateRecoveryCodes', {}, sender);
    expect(wanting).toMatchObject(refused('STEP_UP_REQUIRED'));
    const wrong = await server.mutate(
      'regenerateRecoveryCodes',
      { code: phone.wrongCode() },
      sender,
    );
    expect(wrong).toMatchObject(refused('INVALID_OR_EXPIRED_CODE'));
    const renewed = await server.mutate(
      'regenerateRecoveryCodes',
      { code: phone.nextCode() },
      sender,
    );
    expect(renewed.codes).toHaveLength(10);
  });

  it('are not available to an account without an app', async () => {
    const person = await registerPerson(server);
    const sender = { token: person.accessToken };
    const seen = await server.send(accountQuery, {}, sender);
    expect(seen.data.account).toEqual({ totpEnabled: false, recoveryCodesLeft: 0 });
    expect(await server.mutate('regenerateRecoveryCodes', {}, sender)).toMatchObject(
      refused('CONFLICT'),
    );
  });
});
