import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeAdministrator } from '../../testing/administrators.ts';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { freshAddress, goodPassword, registerPerson } from '../../testing/people.ts';
import { setEmail } from '../../testing/rows.ts';
import { hasPlainDots, parseEmailAddress } from './email-address.ts';

const domain = '@docomo.example';
const strays = ['ada..l', 'ada.', 'a...b', '.ada', 'ada..l.'];

describe('X-52 an address with stray dots', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.stop());

  it.each(strays)('%s is refused where an account is to get it', async (local) => {
    const email = `${local}${domain}`;
    const invalid = { code: 'VALIDATION_FAILED', fields: [{ code: 'INVALID_EMAIL' }] };
    const registered = await server.mutate('register', { email, password: goodPassword });
    expect(registered).toMatchObject(invalid);
    const person = await registerPerson(server);
    const sender = { token: person.accessToken };
    const changed = await server.mutate('requestEmailChange', { newEmail: email }, sender);
    expect(changed).toMatchObject(invalid);
  });

  it('is refused in createUser', async () => {
    const { accessToken } = await makeAdministrator(server);
    const email = `${strays[0]}${domain}`;
    const created = await server.mutate('createUser', { email }, { token: accessToken });
    expect(created).toMatchObject({ code: 'VALIDATION_FAILED' });
  });

  it.each(strays)('%s of an account that has it is used for everything', async (local) => {
    const person = await registerPerson(server);
    const email = `${local}${freshAddress()}`.replace(/(\.?)person-(\d+)-\d+@/, '$1@x$2.');
    await setEmail(server, person.id, email);
    const { password } = person;
    const written = email.toUpperCase().replace(/^[^@]*/, local);
    expect((await server.mutate('login', { email: written, password })).__typename).toBe(
      'AuthTokens',
    );
    const { id } = await server.mutate('requestLoginCode', { email });
    const code = await server.nextCode(email);
    const verified = await server.mutate('verifyOtp', { challengeId: id, code });
    expect(verified).toMatchObject({ __typename: 'AuthTokens', user: { id: person.id, email } });
    await server.mutate('requestPasswordReset', { email });
    const token = await server.nextToken(email);
    const newPassword = 'copper meadow violin thursday';
    const reset = await server.mutate('resetPassword', { token, newPassword });
    expect(reset.__typename).toBe('AuthAccepted');
    const again = await server.mutate('login', { email, password: newPassword });
    const sender = { token: again.accessToken };
    const newEmail = freshAddress();
    const change = await server.mutate('requestEmailChange', { newEmail }, sender);
    const changed = await server.mutate(
      'confirmEmailChange',
      { challengeId: change.id, code: await server.nextCode(newEmail) },
      sender,
    );
    expect(changed.email).toBe(newEmail);
    const undone = await server.mutate('undoEmailChange', { token: await server.nextToken(email) });
    expect(undone.__typename).toBe('AuthAccepted');
  });

  it('is no other account’s address, and what is no address stays none', () => {
    expect(parseEmailAddress(`Ada..L${domain}`)?.canonical).toBe(`ada..l${domain}`);
    expect(parseEmailAddress(`ada.l${domain}`)?.canonical).not.toBe(`ada..l${domain}`);
    for (const local of strays) {
      const parsed = parseEmailAddress(`${local}${domain}`);
      expect(parsed && hasPlainDots(parsed)).toBe(false);
    }
    for (const none of ['.', '..', '', '"a..b"', 'a..b c', 'a..b,c', '<a..b', 'a..b\n'])
      expect(parseEmailAddress(`${none}${domain}`)).toBeNull();
    for (const none of ['a@b..example', 'a@.example', 'a@b.example..'])
      expect(parseEmailAddress(none)).toBeNull();
  });
});
