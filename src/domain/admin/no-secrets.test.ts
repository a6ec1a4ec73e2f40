import { getNamedType, isInputObjectType, isObjectType, isUnionType } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { authSchema } from '../../graphql/schema.ts';
import { type Administrator, makeAdministrator } from '../../testing/administrators.ts';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { enrolTotp } from '../../testing/authenticator.ts';
import { freshAddress, goodPassword, registerPerson } from '../../testing/people.ts';
import { auditOf } from '../../testing/rows.ts';

let server: TestServer;
let admin: Administrator;
beforeAll(async () => {
  server = await startTestServer();
  admin = await makeAdministrator(server);
});
afterAll(() => server.stop());

const secret = /password|secret|token|code|link|hash|seed/i;
/** Whether there is a password, and how many codes are left. */
const harmless = ['hasPassword', 'recoveryCodesLeft'];

describe('administrators and the secrets of others', () => {
  it('RC-11 no administrative field takes or returns a password, code, link or seed', () => {
    const fields = Object.values(authSchema().getMutationType()?.getFields() ?? {});
    const administrative = fields.filter(({ name }) =>
      /User$|^(?:setUser|revokeUser|resetUser)/.test(name),
    );
    expect(administrative.length).toBeGreaterThanOrEqual(7);
    for (const { name, args, type } of administrative) {
      const inputs = args.map((arg) => getNamedType(arg.type)).filter(isInputObjectType);
      expect(inputs).toHaveLength(1);
      const union = getNamedType(type);
      const answers = (isUnionType(union) ? union.getTypes() : [union])
        .filter(isObjectType)
        .filter((answer) => answer.name !== 'AuthError');
      for (const part of [...inputs, ...answers]) {
        expect(
          Object.keys(part.getFields()).filter(
            (field) => secret.test(field) && !harmless.includes(field),
          ),
          `${name}: ${part.name}`,
        ).toEqual([]);
      }
    }
  });

  it('RC-11 can start a reset by the public mutation, and see nothing of its link', async () => {
    const user = await registerPerson(server);
    const sender = { token: admin.accessToken };
    const answer = await server.mutate('requestPasswordReset', { email: user.email }, sender);
    expect(answer).toEqual({ __typename: 'AuthAccepted', accepted: true });
    const token = await server.nextToken(user.email);
    expect(server.logLines.join('\n')).not.toContain(token);
    const created = await server.mutate(
      'createUser',
      { email: freshAddress(), sendInvitation: true },
      sender,
    );
    const invitation = await server.nextToken(created.email);
    expect(JSON.stringify(created)).not.toContain(invitation);
    expect(await auditOf(server, user.id, 'password.reset_requested')).toMatchObject([
      { actorId: admin.id },
    ]);
    // The password that the link sets was not chosen by an administrator.
    expect(
      await server.mutate('login', { email: created.email, password: goodPassword }),
    ).toMatchObject({
      code: 'INVALID_CREDENTIALS',
    });
  });

  it('RC-11 can remove factors for an audited reason, and the owner is told', async () => {
    const user = await registerPerson(server);
    await enrolTotp(server, user);
    const input = { userId: user.id, reason: 'Showed a passport at the desk.' };
    const answer = await server.mutate('resetUserFactors', input, { token: admin.accessToken });
    expect(answer).toEqual({ __typename: 'AuthAccepted', accepted: true });
    expect(await auditOf(server, user.id, 'user.factors_reset')).toMatchObject([
      { actorId: admin.id, outcome: 'SUCCESS', detail: { reason: input.reason } },
    ]);
    expect((await server.nextMail(user.email)).subject).toBe('Your second factor was removed');
  });
});
