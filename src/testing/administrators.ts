import { setUserRoles } from '../db/queries/user-administration.ts';
import type { TestServer } from './app.ts';
import { type Enrolled, enrolTotp } from './authenticator.ts';
import { type Person, personOf, registerPerson } from './people.ts';

export type Administrator = Person & Enrolled;

/** Somebody with the role `admin`, an authenticator app, and a session that has just proved both. */
export async function makeAdministrator(server: TestServer): Promise<Administrator> {
  const person = await registerPerson(server);
  await setUserRoles(server.app.db, { id: person.id, roles: ['admin'] });
  const enrolled = await enrolTotp(server, person);
  return { ...(await signInWithApp(server, person, enrolled)), ...enrolled };
}

/** A sign-in with password and app. */
export async function signInWithApp(
  server: TestServer,
  person: Pick<Person, 'email' | 'password'>,
  { phone }: Pick<Enrolled, 'phone'>,
): Promise<Person> {
  const { email, password } = person;
  const challenge = await server.mutate('login', { email, password });
  return personOf(await server.mutate('verifyOtp', { challengeId: challenge.id, code: phone.nextCode() }), person);
}
