import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { enrolTotp, signInWithApp } from '../../testing/authenticator.ts';
import { encodeCbor } from '../../testing/cbor.ts';
import { meQuery } from '../../testing/client.ts';
import { registerWithoutPassword } from '../../testing/factors.ts';
import type { CredentialJson, RegistrationOverrides } from '../../testing/passkey-signer.ts';
import {
  addPasskey,
  newSigner,
  passkeyOrigin,
  registerPasskey,
  signInWithPasskey,
} from '../../testing/passkeys.ts';
import { type Person, registerPerson, signIn } from '../../testing/people.ts';
import { ageProof, auditOf } from '../../testing/rows.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const as = ({ accessToken }: Pick<Person, 'accessToken'>) => ({ token: accessToken });
const passkeyFields = '{ passkeys { id name createdAt lastUsedAt synced provider } }';
const namesOf = async (person: Person): Promise<string[]> => {
  const { data } = await server.send(`{ account ${passkeyFields} }`, {}, as(person));
  return data.account.passkeys.map(({ name }: { name: string }) => name);
};
const refused = { __typename: 'AuthError', code: 'INVALID_CREDENTIALS' };
const base64url = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');

type Hostile =
  | { readonly signs: RegistrationOverrides }
  | { readonly sends: (right: CredentialJson) => unknown };
const signs = (overrides: RegistrationOverrides): Hostile => ({ signs: overrides });
const sends = (change: (right: CredentialJson) => unknown): Hostile => ({ sends: change });

const cose = (entries: readonly (readonly [number, number | Uint8Array])[]) =>
  encodeCbor(new Map(entries));
const p384 = () => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
  const [left, right] = [Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')];
  return cose([
    [1, 2],
    [3, -7],
    [-1, 2],
    [-2, left],
    [-3, right],
  ]);
};
const weakRsa = () => {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const { n = '', e = '' } = publicKey.export({ format: 'jwk' });
  const [modulus, exponent] = [Buffer.from(n, 'base64url'), Buffer.from(e, 'base64url')];
  return cose([
    [1, 3],
    [3, -257],
    [-1, modulus],
    [-2, exponent],
  ]);
};
const nested = (depth: number): object => (depth === 0 ? {} : { in: nested(depth - 1) });
const deepCbor = Buffer.concat([Buffer.alloc(9000, 0x81), Buffer.of(0)]);

const table: readonly [title: string, code: string, hostile: Hostile][] = [
  ['another challenge', 'INVALID_CREDENTIALS', signs({ challenge: base64url(Buffer.alloc(32)) })],
  ['PK-2 another origin', 'INVALID_CREDENTIALS', signs({ origin: 'http://evil.localhost:3000' })],
  ['PK-2 another RP ID', 'INVALID_CREDENTIALS', signs({ rpId: 'example.com' })],
  ['PK-2 an assertion', 'INVALID_CREDENTIALS', signs({ type: 'webauthn.get' })],
  ['PK-10 a foreign frame', 'INVALID_CREDENTIALS', signs({ crossOrigin: true })],
  ['PK-10 a page around it', 'INVALID_CREDENTIALS', signs({ topOrigin: passkeyOrigin })],
  ['a binding to TLS', 'INVALID_CREDENTIALS', signs({ tokenBinding: { status: 'present' } })],
  ['PK-11 PS256, not asked for', 'INVALID_CREDENTIALS', signs({ algorithm: 'PS256' })],
  ['PK-11 ES384, not asked for', 'INVALID_CREDENTIALS', signs({ algorithm: 'ES384' })],
  ['PK-11 ES256 on another curve', 'INVALID_CREDENTIALS', signs({ publicKey: p384() })],
  ['PK-11 an RSA key of 1,024 bits', 'INVALID_CREDENTIALS', signs({ publicKey: weakRsa() })],
  [
    'PK-11 a point that is on no curve',
    'INVALID_CREDENTIALS',
    signs({
      publicKey: cose([
        [1, 2],
        [3, -7],
        [-1, 1],
        [-2, Buffer.alloc(32, 1)],
        [-3, Buffer.alloc(32, 1)],
      ]),
    }),
  ],
  ['a key that is no map', 'INVALID_CREDENTIALS', signs({ publicKey: encodeCbor('key') })],
  ['no user', 'INVALID_CREDENTIALS', signs({ up: false })],
  ['PK-6 a backup of what has none', 'INVALID_CREDENTIALS', signs({ bs: true })],
  ['PK-18 an unknown extension', 'INVALID_CREDENTIALS', signs({ extensions: { takeOver: true } })],
  [
    'an attestation by certificates',
    'INVALID_CREDENTIALS',
    signs({
      fmt: 'packed',
      attStmt: { alg: -7, sig: Buffer.alloc(70), x5c: [Buffer.alloc(500)] },
    }),
  ],
  [
    'a self attestation that is wrong',
    'INVALID_CREDENTIALS',
    signs({
      fmt: 'packed',
      attStmt: { alg: -7, sig: Buffer.alloc(70) },
    }),
  ],
  ['an attestation of another kind', 'INVALID_CREDENTIALS', signs({ fmt: 'fido-u2f' })],
  ['none with a statement', 'INVALID_CREDENTIALS', signs({ attStmt: { sig: Buffer.alloc(8) } })],
  ['no attestation', 'INVALID_CREDENTIALS', signs({ attestationObject: encodeCbor({}) })],
  ['deep CBOR', 'INVALID_CREDENTIALS', signs({ attestationObject: deepCbor })],
  ['no credential', 'INVALID_CREDENTIALS', signs({ authenticatorData: Buffer.alloc(37) })],
  [
    'an id other than the signed one',
    'INVALID_CREDENTIALS',
    sends((right) => ({
      ...right,
      id: 'AAAA',
      rawId: 'AAAA',
    })),
  ],
  ['two ids', 'VALIDATION_FAILED', sends((right) => ({ ...right, rawId: 'AAAA' }))],
  ['PK-5 an id of 1,024 bytes', 'VALIDATION_FAILED', signs({ credentialId: Buffer.alloc(1024) })],
  ['PK-5 an id of no byte', 'VALIDATION_FAILED', signs({ credentialId: Buffer.alloc(0) })],
  ['PK-18 padding', 'VALIDATION_FAILED', sends((right) => ({ ...right, id: `${right.id}=` }))],
  [
    'PK-18 an object that is too large',
    'BAD_USER_INPUT',
    sends((right) => ({
      ...right,
      more: 'x'.repeat(16_384),
    })),
  ],
  [
    'PK-18 an object that is too deep',
    'BAD_USER_INPUT',
    sends((right) => ({
      ...right,
      more: nested(8),
    })),
  ],
];

describe('the registration of a passkey', () => {
  let person: Person;
  beforeAll(async () => {
    person = await registerPerson(server);
  });

  it.each(table)('PK-10 ADV-60 refuses %s', async (_, code, hostile) => {
    const signer = newSigner();
    const begun = await server.mutate('startPasskeyRegistration', {}, as(person));
    const right = signer.register(begun.options, 'signs' in hostile ? hostile.signs : {});
    const credential = 'sends' in hostile ? hostile.sends(right) : right;
    const input = { challengeId: begun.id, credential };
    const answer = await server.mutate('confirmPasskeyRegistration', input, as(person));
    expect(answer.errors?.[0]?.extensions ?? answer).toMatchObject({ code });
    expect(await namesOf(person)).toEqual([]);
    expect(await signInWithPasskey(server, signer)).toMatchObject({ __typename: 'AuthError' });
  });

  it('PK-8 asks for all that a good passkey needs, and tells nothing of the user', async () => {
    const one = await registerPerson(server, { name: 'Ada' });
    const { signer } = await addPasskey(server, one);
    const { options } = await server.mutate('startPasskeyRegistration', {}, as(one));
    expect(options).toMatchObject({
      rp: { id: 'localhost', name: 'Latchkey' },
      user: { name: one.email, displayName: 'Ada' },
      attestation: 'none',
      authenticatorSelection: { residentKey: 'required', userVerification: 'preferred' },
      pubKeyCredParams: [{ alg: -8 }, { alg: -7 }, { alg: -257 }],
      excludeCredentials: [{ id: base64url(signer.credentialId) }],
      timeout: 300_000,
    });
    // The same for each passkey of a user, and random.
    const handle = Buffer.from(options.user.id, 'base64url');
    expect(options.user.id).toBe(signer.userHandle());
    expect(handle).toHaveLength(32);
    expect(handle.toString('utf8')).not.toContain(one.email);
    expect(handle.toString('hex')).not.toContain(one.id.replaceAll('-', ''));
    const other = await server.mutate('startPasskeyRegistration', {}, as(person));
    expect(other.options.user.id).not.toBe(options.user.id);
  });

  it('PK-8 tells the owner, names the passkey and ends every other session (SE-10)', async () => {
    const one = await registerPerson(server);
    const elsewhere = await signIn(server, one);
    const aaguid = Buffer.from('bada5566a7aa401fbd9645619a55120d', 'hex');
    const added = await registerPasskey(server, one, newSigner(), { aaguid, be: true, bs: true });
    expect(added).toMatchObject({ name: '1Password', provider: '1Password', synced: true });
    expect((await server.nextMail(one.email)).text).toContain('1Password');
    expect((await server.send(meQuery, {}, as(elsewhere))).errors[0]?.extensions).toMatchObject({
      reason: 'SESSION_REVOKED',
    });
    expect((await server.send(meQuery, {}, as(one))).data.me.id).toBe(one.id);
    const named = await registerPasskey(server, one, newSigner(), { name: '  Blue key \n' });
    expect(named).toMatchObject({ name: 'Blue key', provider: null, lastUsedAt: null });
    expect(await auditOf(server, one.id, 'passkey.added')).toHaveLength(2);
  });

  it('PK-12 ADV-61 ADV-62 takes session and user from the bearer alone', async () => {
    const mallory = await registerPerson(server);
    const anonymous = await server.mutate('startPasskeyRegistration', {});
    expect(anonymous.errors[0].extensions.code).toBe('UNAUTHENTICATED');
    const begun = await server.mutate('startPasskeyRegistration', {}, as(person));
    const input = { challengeId: begun.id, credential: newSigner().register(begun.options) };
    const nobody = await server.mutate('confirmPasskeyRegistration', input);
    expect(nobody.errors[0].extensions.code).toBe('UNAUTHENTICATED');
    const elsewhere = await signIn(server, person);
    for (const sender of [as(mallory), as(elsewhere)])
      expect(await server.mutate('confirmPasskeyRegistration', input, sender)).toMatchObject(
        refused,
      );
    expect(await namesOf(mallory)).toEqual([]);
    expect(await namesOf(person)).toEqual([]);
  });

  it('PK-5 PK-1 refuses a credential id that anyone has, and a challenge once more', async () => {
    const one = await registerPerson(server);
    const { signer } = await addPasskey(server, one);
    for (const each of [one, person]) {
      const again = newSigner();
      const { credentialId } = signer;
      const answer = await registerPasskey(server, each, again, { credentialId });
      expect(answer).toMatchObject({ __typename: 'AuthError', code: 'CONFLICT' });
    }
    const begun = await server.mutate('startPasskeyRegistration', {}, as(one));
    const confirm = () =>
      server.mutate(
        'confirmPasskeyRegistration',
        { challengeId: begun.id, credential: newSigner().register(begun.options) },
        as(one),
      );
    expect((await confirm()).__typename).toBe('Passkey');
    expect(await confirm()).toMatchObject(refused);
  });

  it('PK-8 needs a recent step-up, with the app where there is one', async () => {
    const one = await registerPerson(server);
    await ageProof(server, one.sessionId, 600);
    expect(await server.mutate('startPasskeyRegistration', {}, as(one))).toMatchObject({
      code: 'STEP_UP_REQUIRED',
    });
    const two = await registerPerson(server);
    const begun = await server.mutate('startPasskeyRegistration', {}, as(two));
    const { phone } = await enrolTotp(server, two);
    const input = { challengeId: begun.id, credential: newSigner().register(begun.options) };
    expect(await server.mutate('confirmPasskeyRegistration', input, as(two))).toMatchObject({
      code: 'STEP_UP_REQUIRED',
    });
    const proved = await signInWithApp(server, two, phone);
    expect((await registerPasskey(server, proved, newSigner())).__typename).toBe('Passkey');
  });

  it('PK-1 PK-8 is not reached by the ceremony of a step-up that is not met', async () => {
    // Without a password, by which ceremonies of the two kinds differ, too.
    const one = await registerWithoutPassword(server);
    await addPasskey(server, one);
    await ageProof(server, one.sessionId, 600);
    const { passkey } = await server.mutate('reauthenticate', {}, as(one));
    const options = { challenge: passkey.options.challenge, rp: {}, user: { id: 'AAAA' } };
    const input = { challengeId: passkey.id, credential: newSigner().register(options) };
    expect(await server.mutate('confirmPasskeyRegistration', input, as(one))).toMatchObject(
      refused,
    );
    expect(await namesOf(one)).toHaveLength(1);
  });

  it('ADV-60 hands no certificates to the library, which would fetch what they name', async () => {
    const one = await registerPerson(server);
    const attStmt = { alg: -7, sig: Buffer.alloc(70), x5c: [Buffer.alloc(500)] };
    for (const fmt of ['packed', 'tpm', 'android-key', 'fido-u2f'])
      await registerPasskey(server, one, newSigner(), { fmt, attStmt });
    const events = await auditOf(server, one.id, 'passkey.failed');
    const reasons = events.map(({ detail }) => detail?.['reason']);
    expect(reasons).toEqual(['attestation', 'attestation', 'attestation', 'attestation']);
  });

  it('is finished after the step-up has aged, while its challenge lives', async () => {
    const one = await registerPerson(server);
    const begun = await server.mutate('startPasskeyRegistration', {}, as(one));
    await ageProof(server, one.sessionId, 700);
    const input = { challengeId: begun.id, credential: newSigner().register(begun.options) };
    const answer = await server.mutate('confirmPasskeyRegistration', input, as(one));
    expect(answer.__typename).toBe('Passkey');
  });

  it('is refused where the password was changed meanwhile', async () => {
    const one = await registerPerson(server);
    const begun = await server.mutate('startPasskeyRegistration', {}, as(one));
    server.clock.advance(1);
    const newPassword = 'walnut ferry copper tuesday';
    const change = { currentPassword: one.password, newPassword };
    expect(await server.mutate('changePassword', change, as(one))).toMatchObject({
      accepted: true,
    });
    const input = { challengeId: begun.id, credential: newSigner().register(begun.options) };
    const answer = await server.mutate('confirmPasskeyRegistration', input, as(one));
    expect(answer).toMatchObject(refused);
  });

  it('stops at PASSKEY_LIMIT, also for two at once', async () => {
    const one = await registerPerson(server);
    const passkeys = { ...server.app.config.passkeys, limit: 2 };
    const small = await server.another({ passkeys });
    try {
      await registerPasskey(small, one, newSigner());
      const begun = await Promise.all(
        [1, 2].map(() => small.mutate('startPasskeyRegistration', {}, as(one))),
      );
      const answers = await Promise.all(
        begun.map(({ id, options }) =>
          small.mutate(
            'confirmPasskeyRegistration',
            { challengeId: id, credential: newSigner().register(options) },
            as(one),
          ),
        ),
      );
      expect(answers.map(({ __typename }) => __typename).sort()).toEqual(['AuthError', 'Passkey']);
      expect(await registerPasskey(small, one, newSigner())).toMatchObject({ code: 'CONFLICT' });
    } finally {
      await small.stop();
    }
  });
});

describe('PK-16 a registration without a click', () => {
  const conditional = { conditional: true };

  it('takes a password of the last five minutes, and nothing else', async () => {
    const one = await registerPerson(server);
    // Registered by a mailed code: the session has proved no password.
    const start = (person: Person) =>
      server.mutate('startPasskeyRegistration', conditional, as(person));
    expect(await start(one)).toMatchObject({ code: 'STEP_UP_REQUIRED' });
    const signedIn = await signIn(server, one);
    expect((await start(signedIn)).__typename).toBe('PasskeyChallenge');
    await ageProof(server, signedIn.sessionId, 299);
    expect((await start(signedIn)).__typename).toBe('PasskeyChallenge');
    await ageProof(server, signedIn.sessionId, 300);
    expect(await start(signedIn)).toMatchObject({ code: 'STEP_UP_REQUIRED' });
  });

  it('takes none where an app was set up since, until it is proved', async () => {
    const person = await signIn(server, await registerPerson(server));
    const { phone } = await enrolTotp(server, person);
    const start = (sender: Pick<Person, 'accessToken'>) =>
      server.mutate('startPasskeyRegistration', conditional, as(sender));
    expect(await start(person)).toMatchObject({ code: 'STEP_UP_REQUIRED' });
    const proved = await signInWithApp(server, person, phone);
    expect((await start(proved)).__typename).toBe('PasskeyChallenge');
  });

  it('takes no sign of presence, mails, and leaves proof and sessions as they are', async () => {
    const one = await registerPerson(server);
    const person = await signIn(server, one);
    await ageProof(server, person.sessionId, 250);
    const signer = newSigner({ be: true, bs: true, counts: false });
    const begun = await server.mutate('startPasskeyRegistration', conditional, as(person));
    const credential = signer.register(begun.options, { up: false, uv: false });
    const input = { challengeId: begun.id, credential };
    const added = await server.mutate('confirmPasskeyRegistration', input, as(person));
    expect(added.__typename).toBe('Passkey');
    expect((await server.nextMail(one.email)).subject).toMatch(/passkey/i);
    expect((await server.send(meQuery, {}, as(one))).data.me.id).toBe(one.id);
    const [session] = (await server.send('{ me { id } account { user { id } } }', {}, as(person)))
      .errors;
    expect(session).toBeUndefined();
    await ageProof(server, person.sessionId, 600);
    expect(await server.mutate('startPasskeyRegistration', {}, as(person))).toMatchObject({
      code: 'STEP_UP_REQUIRED',
    });
    // The password manager asks its user when they sign in.
    expect((await signInWithPasskey(server, signer)).session.methods).toContain('mfa');
  });
});

describe('the passkeys of an account', () => {
  it('are listed, renamed and removed by their owner', async () => {
    const person = await registerPerson(server);
    const { id } = await addPasskey(server, person);
    const renamed = await server.mutate(
      'renamePasskey',
      { passkeyId: id, name: 'Key' },
      as(person),
    );
    expect(renamed).toMatchObject({ __typename: 'Passkey', id, name: 'Key' });
    for (const name of ['', ' \n ', 'x'.repeat(101)])
      expect(
        await server.mutate('renamePasskey', { passkeyId: id, name }, as(person)),
      ).toMatchObject({ code: 'VALIDATION_FAILED' });
    expect(await namesOf(person)).toEqual(['Key']);
    const elsewhere = await signIn(server, person);
    const signals = await server.mutate('removePasskey', { passkeyId: id }, as(person));
    expect(signals).toMatchObject({
      __typename: 'PasskeySignals',
      rpId: 'localhost',
      credentialIds: [],
      name: person.email,
      displayName: person.email,
    });
    expect((await server.nextMail(person.email)).text).toContain('Key');
    expect(await namesOf(person)).toEqual([]);
    expect((await server.send(meQuery, {}, as(elsewhere))).errors[0]?.extensions.reason).toBe(
      'SESSION_REVOKED',
    );
    for (const type of ['passkey.renamed', 'passkey.removed'])
      expect(await auditOf(server, person.id, type)).toHaveLength(1);
  });

  it('ADV-14 are nothing that another can rename or remove', async () => {
    const person = await registerPerson(server);
    const { id } = await addPasskey(server, person);
    const mallory = await registerPerson(server);
    await addPasskey(server, mallory);
    for (const passkeyId of [id, 'made-up', '00000000-0000-4000-8000-000000000000']) {
      const rename = { passkeyId, name: 'Mine' };
      expect(await server.mutate('renamePasskey', rename, as(mallory))).toMatchObject({
        code: 'NOT_FOUND',
      });
      expect(await server.mutate('removePasskey', { passkeyId }, as(mallory))).toMatchObject({
        code: 'NOT_FOUND',
      });
    }
    expect(await namesOf(person)).toEqual(['Passkey']);
  });

  it('PK-8 keep the last way in: the mailbox is none', async () => {
    const person = await registerWithoutPassword(server);
    const { id, signer } = await addPasskey(server, person);
    const remove = (passkeyId: string) => server.mutate('removePasskey', { passkeyId }, as(person));
    expect(await remove(id)).toMatchObject({ code: 'CONFLICT' });
    // A key that cannot verify its user opens nothing by itself.
    const key = await registerPasskey(server, person, newSigner({ uv: false }));
    expect(await remove(id)).toMatchObject({ code: 'CONFLICT' });
    expect((await remove(key.id)).credentialIds).toEqual([base64url(signer.credentialId)]);
    const other = await registerPasskey(server, person, newSigner());
    expect((await remove(id)).__typename).toBe('PasskeySignals');
    expect(await remove(other.id)).toMatchObject({ code: 'CONFLICT' });
    const newPassword = 'walnut ferry copper tuesday';
    await server.mutate('changePassword', { newPassword }, as(person));
    expect((await remove(other.id)).__typename).toBe('PasskeySignals');
  });

  it('PK-8 keep the last way in where both are removed at once', async () => {
    const person = await registerWithoutPassword(server);
    const ids = [(await addPasskey(server, person)).id, (await addPasskey(server, person)).id];
    const answers = await Promise.all(
      ids.map((passkeyId) => server.mutate('removePasskey', { passkeyId }, as(person))),
    );
    expect(answers.map(({ code }) => code ?? 'removed').sort()).toEqual(['CONFLICT', 'removed']);
  });

  it('PK-8 need a recent step-up to be removed', async () => {
    const person = await registerPerson(server);
    const { id } = await addPasskey(server, person);
    await ageProof(server, person.sessionId, 600);
    expect(await server.mutate('removePasskey', { passkeyId: id }, as(person))).toMatchObject({
      code: 'STEP_UP_REQUIRED',
    });
  });

  it('tell the password manager what there is, and nothing before the first', async () => {
    const person = await registerPerson(server, { name: 'Ada' });
    const query = '{ account { passkeySignals { rpId userId credentialIds name displayName } } }';
    const read = async () => (await server.send(query, {}, as(person))).data.account.passkeySignals;
    expect(await read()).toBeNull();
    const { signer } = await addPasskey(server, person);
    expect(await read()).toEqual({
      rpId: 'localhost',
      userId: signer.userHandle(),
      credentialIds: [base64url(signer.credentialId)],
      name: person.email,
      displayName: 'Ada',
    });
  });

  it('stay where the app is removed', async () => {
    const person = await registerPerson(server);
    const { signer } = await addPasskey(server, person);
    const { phone } = await enrolTotp(server, person);
    const gone = await server.mutate('disableTotp', { code: phone.nextCode() }, as(person));
    expect(gone).toMatchObject({ accepted: true });
    expect((await signInWithPasskey(server, signer)).__typename).toBe('AuthTokens');
  });

  it('PK-19 stay where the password is changed or reset, and the mails say how many', async () => {
    const person = await registerPerson(server);
    const { signer } = await addPasskey(server, person);
    const { email } = person;
    const change = { currentPassword: person.password, newPassword: 'walnut ferry copper tuesday' };
    await server.mutate('changePassword', change, as(person));
    expect((await server.nextMail(email)).text).toMatch(/Passkeys of your account: 1\b/);
    await server.mutate('requestPasswordReset', { email });
    const token = await server.nextToken(email);
    await server.mutate('resetPassword', { token, newPassword: 'juniper anchor velvet monday' });
    expect((await server.nextMail(email)).text).toMatch(/Passkeys of your account: 1\b/);
    expect((await signInWithPasskey(server, signer)).__typename).toBe('AuthTokens');
  });
});
