import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { type Person, registerPerson } from '../../testing/people.ts';
import { auditOf } from '../../testing/rows.ts';

const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0';
const newerFirefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0';
const safari =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 ' +
  '(KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const signInOn = (person: Person, userAgent: string) =>
  server.mutate(
    'login',
    { email: person.email, password: person.password },
    { headers: { 'user-agent': userAgent } },
  );
const notices = (person: Person) =>
  server.mailbox
    .list()
    .filter((mail) => mail.to === person.email && mail.subject === 'New sign-in to your account');

describe('a sign-in from a new device', () => {
  it('is reported once, not at the first sign-in, and not again after an update', async () => {
    const person = await registerPerson(server);
    expect(await auditOf(server, person.id, 'device.new')).toEqual([]);
    await signInOn(person, firefox);
    const notice = await server.nextMail(person.email);
    expect(notice.subject).toBe('New sign-in to your account');
    expect(notice.text).toContain('Device: Firefox on Linux');
    expect(notice.text).toContain('Network: 127.0.0.0/24');

    await signInOn(person, firefox);
    await signInOn(person, newerFirefox);
    await signInOn(person, safari);
    const second = await server.nextMail(person.email);
    expect(second.text).toContain('Device: Safari on iOS');
    expect(notices(person)).toHaveLength(2);
    expect(await auditOf(server, person.id, 'device.new')).toHaveLength(2);
  });

  it('is reported once where many sign in at the same time', async () => {
    const person = await registerPerson(server);
    const answers = await Promise.all(Array.from({ length: 6 }, () => signInOn(person, safari)));
    expect(answers.every((answer) => answer.__typename === 'AuthTokens')).toBe(true);
    await server.nextMail(person.email);
    expect(await auditOf(server, person.id, 'device.new')).toHaveLength(1);
  });

  it('is not reported where the password was wrong', async () => {
    const person = await registerPerson(server);
    await signInOn({ ...person, password: 'wrong wrong wrong' }, firefox);
    expect(await auditOf(server, person.id, 'device.new')).toEqual([]);
  });

  it('RC-6 is reported again after a reset, which forgets known devices', async () => {
    const person = await registerPerson(server);
    await signInOn(person, firefox);
    await server.nextMail(person.email);
    await server.mutate('requestPasswordReset', { email: person.email });
    const token = await server.nextToken(person.email);
    const password = 'copper willow thunder market';
    await server.mutate('resetPassword', { token, newPassword: password });
    await signInOn({ ...person, password }, firefox);
    expect(await auditOf(server, person.id, 'device.new')).toHaveLength(2);
  });
});
