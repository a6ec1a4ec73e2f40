import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Administrator, makeAdministrator } from '../../testing/administrators.ts';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { enrolTotp } from '../../testing/authenticator.ts';
import { gatewayToken } from '../../testing/doors.ts';
import { addPasskey, newSigner, signInWithPasskey } from '../../testing/passkeys.ts';
import { type Person, registerPerson, signIn } from '../../testing/people.ts';
import { ageProof, auditOf, setRoles } from '../../testing/rows.ts';

let server: TestServer;
let admin: Administrator;
beforeAll(async () => {
  server = await startTestServer({ config: { gatewayToken } });
  admin = await makeAdministrator(server);
});
afterAll(() => server.stop());

const as = ({ accessToken }: Pick<Person, 'accessToken'>) => ({ token: accessToken });

describe('an administrator with a passkey', () => {
  it('PK-3 AZ-4 administers by it alone, with a recent proof', async () => {
    const person = await registerPerson(server);
    const { signer } = await addPasskey(server, person);
    await setRoles(server, person.id, ['admin']);
    const look = (sender: Pick<Person, 'accessToken'>) =>
      server.send('{ users { totalCount } }', {}, as(sender));
    const byPassword = await signIn(server, person);
    expect((await look(byPassword)).errors[0]?.extensions.code).toBe('FORBIDDEN');
    const tokens = await signInWithPasskey(server, signer);
    expect((await look(tokens)).errors).toEqual([]);
    const target = await registerPerson(server);
    const suspend = () => server.mutate('suspendUser', { userId: target.id }, as(tokens));
    expect((await suspend()).__typename).toBe('User');
    await ageProof(server, tokens.session.id, 600);
    expect(await suspend()).toMatchObject({ code: 'STEP_UP_REQUIRED' });
  });

  it('PK-3 administers by a password and a mere key, never by a mailbox and it', async () => {
    const person = await registerPerson(server);
    const { signer } = await addPasskey(server, person, { uv: false });
    await enrolTotp(server, person);
    await setRoles(server, person.id, ['admin']);
    const { email, password } = person;
    // biome-ignore lint/suspicious/noExplicitAny: an answer; see client.ts.
    const meet = async (challenge: any) => {
      const { id, options } = challenge.passkey;
      const credential = signer.assert(options);
      return server.mutate('verifyPasskey', { challengeId: id, credential });
    };
    const look = async (tokens: Pick<Person, 'accessToken'>) =>
      (await server.send('{ users { totalCount } }', {}, as(tokens))).errors[0]?.extensions.code;
    expect(await look(await meet(await server.mutate('login', { email, password })))).toBe(
      undefined,
    );
    const mailed = await server.mutate('requestLoginCode', { email });
    const code = await server.nextCode(email);
    const second = await server.mutate('verifyOtp', { challengeId: mailed.id, code });
    expect(await look(await meet(second))).toBe('FORBIDDEN');
  });
});

describe('what administrators see and do of passkeys', () => {
  it('AZ-6 their number, which only the user sees beside them', async () => {
    const person = await registerPerson(server);
    await addPasskey(server, person);
    await addPasskey(server, person);
    const stranger = await registerPerson(server);
    const query = 'query Q($ids: [ID!]!) { usersByIds(ids: $ids) { passkeyCount } }';
    const ids = [person.id, stranger.id];
    const counts = async (sender: object) => {
      const { data } = await server.send(query, { ids }, sender);
      return data.usersByIds.map((user: { passkeyCount: number | null }) => user.passkeyCount);
    };
    const headers = { 'x-gateway-token': gatewayToken };
    expect(await counts(as(admin))).toEqual([2, 0]);
    expect(await counts({ headers })).toEqual([null, null]);
    expect(await counts({ ...as(person), headers })).toEqual([2, null]);
    const me = await server.send('{ me { passkeyCount } }', {}, as(person));
    expect(me.data.me.passkeyCount).toBe(2);
  });

  it('PK-19 resetUserFactors takes them, and says so', async () => {
    const person = await registerPerson(server);
    const { signer } = await addPasskey(server, person);
    const input = { userId: person.id, reason: 'a lost phone' };
    expect(await server.mutate('resetUserFactors', input, as(admin))).toMatchObject({
      accepted: true,
    });
    expect(await signInWithPasskey(server, signer)).toMatchObject({ code: 'UNKNOWN_PASSKEY' });
    const [event] = await auditOf(server, person.id, 'user.factors_reset');
    expect(event?.detail).toMatchObject({ reason: 'a lost phone', passkeys: 1 });
    expect((await server.nextMail(person.email)).text).toMatch(/passkeys?/i);
    const { email, password } = person;
    expect((await server.mutate('login', { email, password })).__typename).toBe('AuthTokens');
  });

  it('DP-5 the export lists them, without keys', async () => {
    const person = await registerPerson(server);
    const { signer } = await addPasskey(server, person);
    const { json } = await server.mutate('exportAccount', {}, as(person));
    expect(JSON.parse(json).passkeys).toMatchObject([
      {
        name: 'Passkey',
        credentialId: signer.credentialId.toString('base64url'),
        rpId: 'localhost',
        lastUsedAt: null,
      },
    ]);
    for (const secret of [signer.key.cose, signer.key.spki])
      expect(json).not.toContain(secret.toString('base64url').slice(0, 40));
  });

  it('DP-4 the deletion of the account takes them', async () => {
    const person = await registerPerson(server);
    const { signer } = await addPasskey(server, person);
    await server.mutate('deleteAccount', { confirmEmail: person.email }, as(person));
    expect(await signInWithPasskey(server, signer)).toMatchObject({ code: 'UNKNOWN_PASSKEY' });
    // Its credential id is free again.
    const { credentialId } = signer;
    const other = await registerPerson(server);
    const begun = await server.mutate('startPasskeyRegistration', {}, as(other));
    const credential = newSigner().register(begun.options, { credentialId });
    const input = { challengeId: begun.id, credential };
    const again = await server.mutate('confirmPasskeyRegistration', input, as(other));
    expect(again.__typename).toBe('Passkey');
  });
});
