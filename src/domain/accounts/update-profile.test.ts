import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { freshAddress, goodPassword, type Person, registerPerson } from '../../testing/people.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const update = (person: Person, input: Record<string, unknown>) =>
  server.mutate('updateProfile', input, { token: person.accessToken });

/** Registers with a browser's languages and returns the subject of the mail. */
async function subjectFor(acceptLanguage: string): Promise<string> {
  const email = freshAddress();
  await server.mutate(
    'register',
    { email, password: goodPassword },
    { headers: { 'accept-language': acceptLanguage } },
  );
  return (await server.nextMail(email)).subject;
}

describe('updateProfile', () => {
  it('requires a signed-in user, and refuses unknown values', async () => {
    const anonymous = await server.mutate('updateProfile', { name: 'Ada' });
    expect(anonymous.errors[0].extensions.code).toBe('UNAUTHENTICATED');
    const person = await registerPerson(server);
    for (const locale of ['tlh', 'xx-YY', '', 'en\u0000', 'x'.repeat(36)]) {
      expect(await update(person, { locale })).toMatchObject({
        code: 'VALIDATION_FAILED',
        fields: [{ path: 'locale' }],
      });
    }
    for (const field of ['role', 'roles', 'status', 'emailVerified', 'id', 'email']) {
      expect((await update(person, { [field]: 'admin' })).errors[0].extensions.code).toBe(
        'BAD_USER_INPUT',
      );
    }
  });

  it('changes given fields, keeps omitted ones, and clears null ones', async () => {
    const person = await registerPerson(server, { name: 'Ada' });
    expect(await update(person, { locale: 'de-AT' })).toMatchObject({
      __typename: 'User',
      name: 'Ada',
    });
    expect(await update(person, { name: ' Ada\nLovelace ' })).toMatchObject({
      name: 'Ada Lovelace',
    });
    expect(await update(person, {})).toMatchObject({ name: 'Ada Lovelace' });
    await server.mutate('requestPasswordReset', { email: person.email });
    expect((await server.nextMail(person.email)).subject).toBe('Wählen Sie ein neues Passwort');
    expect(await update(person, { name: null, locale: null })).toMatchObject({ name: null });
    await server.mutate('requestPasswordReset', { email: person.email });
    expect((await server.nextMail(person.email)).subject).toBe('Choose a new password');
  });
});

describe('the language of mails', () => {
  it.each([
    ['de-AT,de;q=0.9,en;q=0.8', 'Bestätigen Sie Ihre E-Mail-Adresse'],
    ['fr', 'Confirmez votre adresse e-mail'],
    ['es-MX', 'Confirma tu dirección de correo'],
    ['ja-JP', 'メールアドレスをご確認ください'],
    ['ar', 'أكِّد عنوان بريدك الإلكتروني'],
    ['nl, tlh;q=0.9, fr;q=0.5', 'Confirmez votre adresse e-mail'],
    ['en;q=0.2, de;q=0.9', 'Bestätigen Sie Ihre E-Mail-Adresse'],
    ['de;q=0, en', 'Confirm your email address'],
    ['nl', 'Confirm your email address'],
    ['*', 'Confirm your email address'],
    [';;;q=,,q=x;=', 'Confirm your email address'],
  ])('is set at registration by Accept-Language: %j', async (header, subject) => {
    expect(await subjectFor(header)).toBe(subject);
  });

  it('is not parsed from an overlong header', async () => {
    expect(await subjectFor(`${'xx,'.repeat(1000)}de`)).toBe('Confirm your email address');
  });

  it('is stored with the account', async () => {
    const email = freshAddress();
    const challenge = await server.mutate(
      'register',
      { email, password: goodPassword },
      { headers: { 'accept-language': 'fr-CA,fr;q=0.9' } },
    );
    await server.mutate('verifyOtp', {
      challengeId: challenge.id,
      code: await server.nextCode(email),
    });
    await server.mutate(
      'requestPasswordReset',
      { email },
      { headers: { 'accept-language': 'de' } },
    );
    expect((await server.nextMail(email)).subject).toBe('Choisissez un nouveau mot de passe');
  });
});
