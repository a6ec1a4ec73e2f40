import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { enrolTotp } from '../../testing/authenticator.ts';
import { registerPerson } from '../../testing/people.ts';

describe('X-51 PRODUCT_NAME', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ config: { productName: 'Acme: Konto, Inc.' } });
  });
  afterAll(() => server.stop());

  it('is the issuer in the authenticator app, without the colon that would end it', async () => {
    const person = await registerPerson(server);
    const enrollment = await server.mutate(
      'startTotpEnrollment',
      {},
      { token: person.accessToken },
    );
    const uri = new URL(enrollment.uri);
    expect(uri.searchParams.get('issuer')).toBe('Acme  Konto, Inc.');
    const label = decodeURIComponent(uri.pathname.replace(/^\/+/, ''));
    expect(label.split(':')).toEqual(['Acme  Konto, Inc.', person.email]);
    expect(enrollment.uri).not.toMatch(/latchkey/i);
  });

  it('stands in the mails, those about recovery codes among them', async () => {
    const person = await registerPerson(server, { name: 'Ada' });
    const { recoveryCodes } = await enrolTotp(server, person);
    const { id } = await server.mutate('login', { email: person.email, password: person.password });
    await server.mutate('verifyOtp', { challengeId: id, code: recoveryCodes[0] });
    const mails = await server.allMail(person.email);
    expect(mails.length).toBeGreaterThanOrEqual(3);
    for (const { subject, text, html } of mails) {
      expect(text).toContain('-- \nAcme: Konto, Inc.\n');
      expect(html).toContain('Acme: Konto, Inc.');
      expect(`${subject}${text}${html}`).not.toMatch(/latchkey/i);
    }
  });
});
