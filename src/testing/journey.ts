import type { TestServer } from './app.ts';
import { meQuery } from './client.ts';
import { freshAddress, type Person, registerPerson, signIn } from './people.ts';

export const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0';

export type Journey = {
  /** The account, which is deleted at the end. */
  readonly id: string;
  readonly addresses: readonly string[];
  /** Every secret that was valid at some time. */
  readonly secrets: readonly string[];
};

type Progress = { readonly server: TestServer; readonly secrets: string[] };

const wrongPassword = 'wrong wrong wrong';
const passwords = [
  'copper willow thunder market',
  'velvet harbor copper lantern',
  'seven green gravel otters',
] as const;

/** The events in the life of an account from registration to deletion; throws at a wrong answer. */
export async function liveThrough(server: TestServer): Promise<Journey> {
  const progress: Progress = { server, secrets: [] };
  const person = await register(progress);
  await requestCodes(progress, person);
  await changeSettings(progress, person);
  const newAddress = await changeEmailAndUndo(progress, person);
  await resetPassword(progress, person);
  await reuseRefreshToken(progress, person);
  await deleteAccount(progress, person);
  return {
    id: person.id,
    addresses: [person.email, newAddress],
    secrets: progress.secrets,
  };
}

async function register(progress: Progress): Promise<Person> {
  const { server } = progress;
  const person = keepSecrets(progress, await registerPerson(server, { name: 'Ada' }));
  server.clock.advance(1);
  await server.mutate('register', { email: person.email, password: passwords[0] });
  await server.mutate('login', { email: person.email, password: wrongPassword });
  await server.mutate('login', { email: 'nobody.at.all@example.com', password: wrongPassword });
  server.clock.advance(1);
  return person;
}

async function requestCodes({ server, secrets }: Progress, { email }: Person): Promise<void> {
  const challenge = succeeded(await server.mutate('requestLoginCode', { email }));
  secrets.push(challenge.id);
  await server.mutate('verifyOtp', { challengeId: challenge.id, code: '000000' });
  server.clock.advance(31);
  succeeded(await server.mutate('resendOtp', { challengeId: challenge.id }));
}

async function changeSettings({ server }: Progress, person: Person): Promise<void> {
  const sender = { token: person.accessToken };
  const credentials = { email: person.email, password: person.password };
  succeeded(await server.mutate('login', credentials, { headers: { 'user-agent': firefox } }));
  const input = { currentPassword: person.password, newPassword: passwords[0] };
  await server.mutate('changePassword', { ...input, currentPassword: wrongPassword }, sender);
  succeeded(await server.mutate('changePassword', input, sender));
  const profile = { name: 'Ada Lovelace', locale: 'fr' };
  succeeded(await server.mutate('updateProfile', profile, sender));
  server.clock.advance(1);
}

/** Returns the new address, which is no longer that of the account. */
async function changeEmailAndUndo({ server, secrets }: Progress, person: Person): Promise<string> {
  const sender = { token: person.accessToken };
  const newEmail = freshAddress();
  const change = succeeded(await server.mutate('requestEmailChange', { newEmail }, sender));
  secrets.push(change.id);
  const confirmation = { challengeId: change.id, code: await server.nextCode(newEmail) };
  succeeded(await server.mutate('confirmEmailChange', confirmation, sender));
  const undo = await server.nextToken(person.email);
  secrets.push(undo);
  succeeded(await server.mutate('undoEmailChange', { token: undo }));
  server.clock.advance(1);
  return newEmail;
}

async function resetPassword({ server, secrets }: Progress, { email }: Person): Promise<void> {
  succeeded(await server.mutate('requestPasswordReset', { email }));
  const reset = await server.nextToken(email);
  secrets.push(reset, ...passwords);
  await server.mutate('resetPassword', { token: 'nonsense', newPassword: passwords[1] });
  succeeded(await server.mutate('resetPassword', { token: reset, newPassword: passwords[1] }));
}

/** Presents a spent refresh token after the grace window, which revokes its token family. */
async function reuseRefreshToken(progress: Progress, { email }: Person): Promise<void> {
  const { server, secrets } = progress;
  const { refreshToken } = await signInAgain(progress, email);
  const refreshed = succeeded(await server.mutate('refreshSession', { refreshToken }));
  await server.send(meQuery, {}, { token: refreshed.accessToken });
  server.clock.advance(60);
  await server.mutate('refreshSession', { refreshToken });
  secrets.push(refreshed.refreshToken, refreshed.accessToken);
}

async function deleteAccount(progress: Progress, { email }: Person): Promise<void> {
  const { server } = progress;
  const sender = { token: (await signInAgain(progress, email)).accessToken };
  const signedOut = await signInAgain(progress, email);
  succeeded(await server.mutate('logout', {}, { token: signedOut.accessToken }));
  succeeded(await server.mutate('exportAccount', {}, sender));
  succeeded(await server.mutate('deleteAccount', { confirmEmail: email }, sender));
}

async function signInAgain(progress: Progress, email: string): Promise<Person> {
  return keepSecrets(progress, await signIn(progress.server, { email, password: passwords[1] }));
}

function keepSecrets({ secrets }: Progress, person: Person): Person {
  secrets.push(person.accessToken, person.refreshToken, person.password);
  return person;
}

// biome-ignore lint/suspicious/noExplicitAny: answers; see client.ts.
function succeeded(answer: any): any {
  if (answer.__typename === undefined || answer.__typename === 'AuthError')
    throw new Error(JSON.stringify(answer));
  return answer;
}
