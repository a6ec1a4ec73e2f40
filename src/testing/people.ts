import { setTimeout as sleep } from 'node:timers/promises';
import type { TestServer } from './app.ts';

/** A strong ASCII password that is on no list. */
export const goodPassword = 'otter lantern gravel sunday';

let count = 0;

/** An address that no other test uses. */
export function freshAddress(): string {
  count += 1;
  return `person-${count}-${Math.trunc(performance.now())}@example.com`;
}

export type Person = {
  readonly email: string;
  readonly password: string;
  readonly id: string;
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly sessionId: string;
};

/** Registers through the API and verifies with the mailed code. */
export async function registerPerson(
  server: TestServer,
  options: { email?: string; password?: string; name?: string } = {},
): Promise<Person> {
  const email = options.email ?? freshAddress();
  const password = options.password ?? goodPassword;
  const input = { email, password, name: options.name ?? null };
  let challenge = await server.mutate('register', input);
  // Many at once from one address get no more than its share of the hashes, and then wait as asked.
  while (challenge.errors?.[0]?.extensions.code === 'OVERLOADED') {
    await sleep(challenge.errors[0].extensions.retryAfter * 1000);
    challenge = await server.mutate('register', input);
  }
  if (challenge.__typename !== 'OtpChallenge')
    throw new Error(`register answered ${JSON.stringify(challenge)}`);
  const code = await server.nextCode(email);
  const tokens = await server.mutate('verifyOtp', { challengeId: challenge.id, code });
  return personOf(tokens, { email, password });
}

/** Signs in with the password, on another device. */
export async function signIn(
  server: TestServer,
  person: { email: string; password: string },
): Promise<Person> {
  return personOf(
    await server.mutate('login', { email: person.email, password: person.password }),
    person,
  );
}

/** The person that an AuthTokens answer belongs to. */
export function personOf(
  // biome-ignore lint/suspicious/noExplicitAny: an answer; see client.ts.
  tokens: any,
  { email, password }: { email: string; password: string },
): Person {
  if (tokens.__typename !== 'AuthTokens')
    throw new Error(`the answer was ${JSON.stringify(tokens)}`);
  const { accessToken, refreshToken, session, user } = tokens;
  return { email, password, id: user.id, accessToken, refreshToken, sessionId: session.id };
}

/**
 * Changes the address from the person's session; returns the token of the link that undoes the
 * change.
 */
export async function changeEmail(
  server: TestServer,
  person: Pick<Person, 'accessToken' | 'email'>,
  to: string,
): Promise<string> {
  const sender = { token: person.accessToken };
  const challenge = await server.mutate('requestEmailChange', { newEmail: to }, sender);
  const code = await server.nextCode(to);
  const answer = await server.mutate(
    'confirmEmailChange',
    { challengeId: challenge.id, code },
    sender,
  );
  if (answer.email !== to) throw new Error(`the answer was ${JSON.stringify(answer)}`);
  return server.nextToken(person.email);
}
