import type postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeAdministrator } from '../../testing/administrators.ts';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { authenticator, enrolTotp, signInWithApp } from '../../testing/authenticator.ts';
import type { MutationName } from '../../testing/client.ts';
import { freshAddress, goodPassword, type Person, registerPerson } from '../../testing/people.ts';
import { rawSql } from '../../testing/raw-sql.ts';

let server: TestServer;
let sql: postgres.Sql;
beforeAll(async () => {
  server = await startTestServer();
  sql = rawSql(server);
});
afterAll(async () => {
  await sql.end();
  await server.stop();
});

type Prepared = { readonly person: Person; readonly input: Record<string, unknown> };

async function withApp() {
  const person = await registerPerson(server);
  const { phone } = await enrolTotp(server, person);
  return { person: await signInWithApp(server, person, phone), phone };
}

/**
 * What a thief could do with a session, prepared so that it would succeed if the session were
 * alive.
 */
const changes: Readonly<Partial<Record<MutationName, () => Promise<Prepared>>>> = {
  confirmTotpEnrollment: async () => {
    const person = await registerPerson(server);
    const { id, secret } = await server.mutate(
      'startTotpEnrollment',
      {},
      { token: person.accessToken },
    );
    return { person, input: { enrollmentId: id, code: authenticator(server, secret).code() } };
  },
  disableTotp: async () => {
    const { person, phone } = await withApp();
    return { person, input: { code: phone.nextCode() } };
  },
  regenerateRecoveryCodes: async () => ({ person: (await withApp()).person, input: {} }),
  changePassword: async () => {
    const input = { currentPassword: goodPassword, newPassword: 'walnut ferry copper tuesday' };
    return { person: await registerPerson(server), input };
  },
  requestEmailChange: async () => ({
    person: await registerPerson(server),
    input: { newEmail: freshAddress() },
  }),
  confirmEmailChange: async () => {
    const person = await registerPerson(server);
    const newEmail = freshAddress();
    const { id } = await server.mutate(
      'requestEmailChange',
      { newEmail },
      { token: person.accessToken },
    );
    return { person, input: { challengeId: id, code: await server.nextCode(newEmail) } };
  },
  deleteAccount: async () => {
    const person = await registerPerson(server);
    return { person, input: { confirmEmail: person.email } };
  },
  createUser: async () => ({
    person: await makeAdministrator(server),
    input: { email: freshAddress(), roles: ['admin'] },
  }),
  deleteUser: async () => {
    const stranger = await registerPerson(server);
    return { person: await makeAdministrator(server), input: { userId: stranger.id } };
  },
};

/** Everything of the users and their factors that these changes could change. */
const stateOf = () => sql`
  select users.*, totp.id as totp_id, totp.confirmed_at,
    (select count(*) from recovery_codes where user_id = users.id) as codes,
    (select count(*) from otp_challenges where user_id = users.id) as challenges
  from users left join totp_authenticators totp on totp.user_id = users.id order by users.id`;

async function untilAQueryWaits(): Promise<void> {
  for (let waited = 0; waited < 10_000; waited += 20) {
    const rows = await sql`
      select 1 from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`;
    if (rows.length > 0) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('The change never came to wait for the row.');
}

describe('a change in flight when its session ends', () => {
  for (const [name, prepare] of Object.entries(changes) as [
    MutationName,
    () => Promise<Prepared>,
  ][]) {
    it(`SE-11 ${name} is not made`, async () => {
      const { person, input } = await prepare();
      const before = await stateOf();
      // The owner's change locks the row, as every such change does, and ends the thief's session.
      const answer = await sql
        .begin(async (tx) => {
          await tx`select 1 from users where id = ${person.id} for update`;
          const sent = server.mutate(name, input, { token: person.accessToken });
          await untilAQueryWaits();
          await tx`
            update sessions set revoked_at = ${server.clock.now()} where id = ${person.sessionId}`;
          return { sent };
        })
        .then(({ sent }) => sent);
      expect(answer.errors?.[0]?.extensions).toMatchObject({
        code: 'UNAUTHENTICATED',
        reason: 'SESSION_REVOKED',
      });
      expect(await stateOf()).toEqual(before);
    });
  }
});
