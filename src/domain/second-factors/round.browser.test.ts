import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { type Authenticator, authenticator } from '../../testing/authenticator.ts';
import { launchBrowser } from '../../testing/browser.ts';
import { meQuery } from '../../testing/client.ts';
import { registerPerson } from '../../testing/people.ts';
import { readQrPixels } from '../../testing/qr-code.ts';

const browser = await launchBrowser();
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => {
  await browser?.close();
  await server.stop();
});

/**
 * What a phone reads from the screen: the picture as Chromium renders it, 300 by 300 points, on a
 * grey page.
 */
async function scan(page: Page, svg: string): Promise<Authenticator> {
  await page.setContent(
    '<body style="background:#ccc"><img width="300" height="300" ' +
      `src="data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}">`,
  );
  const pixels: unknown = await page.evaluate(`(async () => {
    const image = document.querySelector('img');
    await image.decode();
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = 360;
    const drawing = canvas.getContext('2d');
    drawing.fillStyle = '#ccc';
    drawing.fillRect(0, 0, 360, 360);
    drawing.drawImage(image, 30, 30, 300, 300);
    return Array.from(drawing.getImageData(0, 0, 360, 360).data);
  })()`);
  if (!Array.isArray(pixels)) throw new Error('The browser drew nothing.');
  const read = readQrPixels({
    data: Uint8ClampedArray.from(pixels.map(Number)),
    width: 360,
    height: 360,
  });
  const uri = new URL(read ?? 'nothing:');
  expect(uri.protocol).toBe('otpauth:');
  return authenticator(server, uri.searchParams.get('secret') ?? '');
}

describe('a whole life cycle', () => {
  it.skipIf(browser === null)(
    'enrols by QR code, signs in with the app, loses the phone, recovers and enrols again',
    { timeout: 300_000 },
    async () => {
      const page = await browser?.newPage();
      if (!page) throw new Error('There is no browser.');
      const person = await registerPerson(server);
      const password = person.password;

      const enrol = async (token: string): Promise<{ phone: Authenticator; codes: string[] }> => {
        const enrollment = await server.mutate('startTotpEnrollment', {}, { token });
        const phone = await scan(page, enrollment.qrCode);
        expect(phone.secret).toBe(enrollment.secret);
        const input = { enrollmentId: enrollment.id, code: phone.code() };
        const { codes } = await server.mutate('confirmTotpEnrollment', input, { token });
        return { phone, codes };
      };
      const first = await enrol(person.accessToken);
      expect(await server.mutate('logout', {}, { token: person.accessToken })).toMatchObject({
        accepted: true,
      });

      const withApp = await server.mutate('login', { email: person.email, password });
      expect(withApp).toMatchObject({
        __typename: 'OtpChallenge',
        methods: ['TOTP', 'RECOVERY_CODE'],
      });
      const day = await server.mutate('verifyOtp', {
        challengeId: withApp.id,
        code: first.phone.nextCode(),
      });
      expect(day).toMatchObject({
        __typename: 'AuthTokens',
        session: { methods: ['pwd', 'otp', 'mfa'] },
      });
      await server.mutate('logout', {}, { token: day.accessToken });

      // The phone is lost. What is left is the sheet of paper, copied by hand.
      const lost = await server.mutate('login', { email: person.email, password });
      const written = ` ${(first.codes[6] ?? '').toLowerCase().replaceAll('-', ' ')} `;
      const back = await server.mutate('verifyOtp', {
        challengeId: lost.id,
        code: written,
        method: 'RECOVERY_CODE',
      });
      expect(back).toMatchObject({
        __typename: 'AuthTokens',
        user: { id: person.id, totpEnabled: true },
      });

      const second = await enrol(back.accessToken);
      expect(second.phone.secret).not.toBe(first.phone.secret);
      const again = await server.mutate('login', { email: person.email, password });
      first.phone.nextCode();
      for (const code of [first.phone.code(), first.codes[0] ?? '']) {
        const refused = await server.mutate('verifyOtp', { challengeId: again.id, code });
        expect(refused).toMatchObject({ code: 'INVALID_OR_EXPIRED_CODE' });
      }
      const done = await server.mutate('verifyOtp', {
        challengeId: again.id,
        code: second.phone.code(),
      });
      const me = await server.send(meQuery, {}, { token: done.accessToken });
      expect(me.data.me).toMatchObject({ id: person.id, totpEnabled: true });
    },
  );
});
