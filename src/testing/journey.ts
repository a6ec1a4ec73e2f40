import type { TestServer } from './app.ts';
import { freshAddress, type Person, registerPerson, signIn } from './people.ts';

export const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0';

export type Journey = {
  /** The account, which is gone at the end. */
  readonly id: string;
  readonly addresses: readonly string[];
  /** Whatever a thief could have used on the way. */
  readonly secrets: readonly string[];
};

/**
 * Everything that happens in an account's life, from the registration to the deletion, an answer
 * that is not the right one throws.
 */
export async function liveThrough(server: TestServer): Promise<Journey> {
  const secrets: string[] = [];
  const keep = (person: Person): Person => {
    secrets.push(person.accessToken, person.refreshToken, person.password);
    return person;
  };
  // biome-ignore lint/suspicious/noExplicitAny: answers; see client.ts.
  const good = (answer: any): any => {
    if (answer.__typename === undefined || answer.__typename === 'AuthError')
      throw new Error(JSON.stringify(answer));
    return answer;
  };
  const passwords = [
    'copper willow thunder market',
    'velvet harbor copper lantern',
    'seven green gravel otters',
  ] as const;

  const person = keep(await registerPerson(server, { name: 'Ada' }));
  server.clock.advance(1);
  await server.mutate('register', { email: person.email, password: passwords[0] });
  await server.mutate('login', { email: person.email, password: 'wrong wrong wrong' });
  await server.mutate('login', {
    email: 'nobody.at.all@example.com',
    password: 'wrong wrong wrong',
  });
  server.clock.advance(1);

  const pending = good(await server.mutate('requestLoginCode', { email: person.email }));
  secrets.push(pending.id);
  await server.mutate('verifyOtp', { challengeId: pending.id, code: '000000' });
  server.clock.advance(31);
  good(await server.mutate('resendOtp', { challengeId: pending.id }));

  const input = { currentPassword: person.password, newPassword: passwords[0] };
  const elsewhere = { email: person.email, password: person.password };
  good(await server.mutate('login', elsewhere, { headers: { 'user-agent': firefox } }));
  await server.mutate(
    'changePassword',
    { ...input, currentPassword: 'wrong wrong wrong' },
    { token: person.accessToken },
  );
  good(await server.mutate('changePassword', input, { token: person.accessToken }));
  good(
    await server.mutate(
      'updateProfile',
      { name: 'Ada Lovelace', locale: 'fr' },
      { token: person.accessToken },
    ),
  );
  server.clock.advance(1);

  const to = freshAddress();
  const change = good(
    await server.mutate('requestEmailChange', { newEmail: to }, { token: person.accessToken }),
  );
  secrets.push(change.id);
  const confirmation = { challengeId: change.id, code: await server.nextCode(to) };
  good(await server.mutate('confirmEmailChange', confirmation, { token: person.accessToken }));
  const undo = await server.nextToken(person.email);
  secrets.push(undo);
  good(await server.mutate('undoEmailChange', { token: undo }));
  server.clock.advance(1);

  good(await server.mutate('requestPasswordReset', { email: person.email }));
  const reset = await server.nextToken(person.email);
  secrets.push(reset, ...passwords);
  await server.mutate('resetPassword', { token: 'nonsense', newPassword: passwords[1] });
  good(await server.mutate('resetPassword', { token: reset, newPassword: passwords[1] }));
  const again = keep(await signIn(server, { email: person.email, password: passwords[1] }));
  const refreshed = good(
    await server.mutate('refreshSession', { refreshToken: again.refreshToken }),
  );
  server.clock.advance(60);
  // The spent token comes back after the grace window: the family ends.
  await server.mutate('refreshSession', { refreshToken: again.refreshToken });
  secrets.push(refreshed.refreshToken, refreshed.accessToken);

  const last = keep(await signIn(server, { email: person.email, password: passwords[1] }));
  const signedOut = keep(await signIn(server, { email: person.email, password: passwords[1] }));
  good(await server.mutate('logout', {}, { token: signedOut.accessToken }));
  good(await server.mutate('exportAccount', {}, { token: last.accessToken }));
  good(
    await server.mutate(
      'deleteAccount',
      { confirmEmail: person.email },
      { token: last.accessToken },
    ),
  );
  return { id: person.id, addresses: [person.email, to], secrets };
}
