import { setUserRoles } from '../db/queries/user-administration.ts';
import type { TestServer } from './app.ts';
import { type Enrolled, enrolTotp, signInWithApp } from './authenticator.ts';
import { type Person, registerPerson } from './people.ts';

/**
 * The administrative root fields, reviewed and listed here independently of the code: every other
 * root field concerns the caller, or is for gateways.
 */
export const administrativeFields: ReadonlySet<string> = new Set([
  'Query.users',
  'Query.user',
  'Query.administrators',
  'Query.auditEvents',
  'Query.overview',
  'Query.signingKeys',
  'Mutation.createUser',
  'Mutation.suspendUser',
  'Mutation.reinstateUser',
  'Mutation.setUserRoles',
  'Mutation.setUserMetadata',
  'Mutation.revokeUserSessions',
  'Mutation.revokeUserSession',
  'Mutation.resetUserFactors',
  'Mutation.resetUserPassword',
  'Mutation.unlinkUserIdentity',
  'Mutation.deleteUser',
]);

export type Administrator = Person & Enrolled;

/**
 * A person with the role `admin`, an authenticator app, and a session that has just verified both
 * factors.
 */
export async function makeAdministrator(server: TestServer): Promise<Administrator> {
  const person = await registerPerson(server);
  await setUserRoles(server.app.db, { id: person.id, roles: ['admin'] });
  const enrolled = await enrolTotp(server, person);
  return { ...(await signInWithApp(server, person, enrolled.phone)), ...enrolled };
}
