import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeAdministrator } from '../../testing/administrators.ts';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { meQuery } from '../../testing/client.ts';
import { dump, dumpText } from '../../testing/dump.ts';
import {
  freshAddress,
  goodPassword,
  type Person,
  registerPerson,
  signIn,
} from '../../testing/people.ts';
import { ageProof, auditOf, setRoles } from '../../testing/rows.ts';

const accepted = { __typename: 'AuthAccepted', accepted: true };
const agent = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0';
const headers = { 'user-agent': agent };

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const remove = (person: Pick<Person, 'accessToken' | 'email'>, confirmEmail = person.email) =>
  server.mutate('deleteAccount', { confirmEmail }, { token: person.accessToken, headers });
const exportOf = (person: Pick<Person, 'accessToken'>, input = {}) =>
  server.mutate('exportAccount', input, { token: person.accessToken, headers });

/** The keys of a JSON value, as paths. */
function keysOf(value: unknown, path = ''): string[] {
  if (Array.isArray(value))
    return [...new Set(value.flatMap((entry) => keysOf(entry, `${path}[]`)))];
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([key, entry]) =>
    keysOf(entry, path === '' ? key : `${path}.${key}`),
  );
}

describe('exportAccount', () => {
  it('DP-5 requires a fresh proof, supports one format, and is rate limited', async () => {
    expect((await server.mutate('exportAccount', {})).errors[0].extensions.code).toBe(
      'UNAUTHENTICATED',
    );
    const person = await registerPerson(server);
    expect(await exportOf(person, { format: 'xml' })).toMatchObject({
      code: 'VALIDATION_FAILED',
      fields: [{ path: 'format' }],
    });
    await ageProof(server, person.sessionId, 601);
    expect(await exportOf(person)).toMatchObject({ code: 'STEP_UP_REQUIRED' });

    const strict = await startTestServer({ config: { rateLimitMultiplier: 1 } });
    try {
      const other = await registerPerson(strict);
      const types: string[] = [];
      for (let round = 0; round < 6; round += 1) {
        const answer = await strict.mutate('exportAccount', {}, { token: other.accessToken });
        types.push(answer.code ?? answer.__typename);
      }
      expect(types).toEqual([...Array(5).fill('AccountExport'), 'RATE_LIMITED']);
    } finally {
      await strict.stop();
    }
  });

  it('DP-5 contains what is stored of the caller, no secrets and no others’ data', async () => {
    const person = await registerPerson(server, { name: 'Ada' });
    const other = await registerPerson(server, { name: 'Grace' });
    await server.mutate('login', { email: person.email, password: 'wrong wrong wrong' });
    await signIn(server, person);
    await server.mutate('requestPasswordReset', { email: person.email });
    const token = await server.nextToken(person.email);
    const mailed = server.mailbox.list().length;

    const answer = await exportOf(person);
    expect(answer.createdAt).toBe(server.clock.now().toISOString());
    const document = JSON.parse(answer.json);
    expect(document).toMatchObject({
      isComplete: true,
      account: { id: person.id, email: person.email, name: 'Ada', hasPassword: true },
    });
    expect(document.sessions).toHaveLength(2);
    expect(document.links).toMatchObject([
      { purpose: 'RESET_PASSWORD', email: person.email, endedAt: null },
    ]);
    expect(document.securityEvents.map(({ type }: { type: string }) => type)).toContain(
      'login.failed',
    );
    const allowed = [
      'createdAt',
      'isComplete',
      ...[
        'id',
        'email',
        'emailVerifiedAt',
        'name',
        'locale',
        'roles[]',
        'hasPassword',
        'passwordChangedAt',
      ]
        .concat(
          'suspendedAt',
          'suspendedUntil',
          'lastLoginAt',
          'createdAt',
          'roles',
          'totpEnabledAt',
          'recoveryCodesLeft',
          'invitedAt',
        )
        .map((key) => `account.${key}`),
      ...[
        'id',
        'createdAt',
        'lastUsedAt',
        'authenticatedAt',
        'expiresAt',
        'methods[]',
        'network',
        'device',
      ]
        .concat('revokedAt', 'revokedReason', 'identityProvider')
        .map((key) => `sessions[].${key}`),
      ...['firstSeenAt', 'lastSeenAt'].map((key) => `knownDevices[].${key}`),
      ...[
        'purpose',
        'methods[]',
        'email',
        'pendingName',
        'pendingLocale',
        'createdAt',
        'expiresAt',
        'consumedAt',
        'pendingIdentity',
      ].map((key) => `challenges[].${key}`),
      ...['purpose', 'email', 'createdAt', 'expiresAt', 'endedAt'].map((key) => `links[].${key}`),
      ...['id', 'at', 'type', 'outcome', 'ipAddress', 'userAgent', 'requestId'].map(
        (key) => `securityEvents[].${key}`,
      ),
    ];
    expect(keysOf(document).filter((key) => !allowed.includes(key))).toEqual([]);
    for (const secret of [
      token,
      person.password,
      person.refreshToken,
      person.accessToken,
      'bcrypt',
      other.email,
      other.id,
    ]) {
      expect(answer.json).not.toContain(secret);
    }
    expect(server.mailbox.list()).toHaveLength(mailed);
    expect(await auditOf(server, person.id, 'account.exported')).toHaveLength(1);
  });
});

describe('exportAccount of an administrator', () => {
  it('DP-5 contains the origins of their acts on others, and no id but their own', async () => {
    const admin = await makeAdministrator(server);
    const user = await registerPerson(server);
    await server.mutate(
      'suspendUser',
      { userId: user.id, reason: 'spam' },
      { token: admin.accessToken, headers },
    );
    const document = JSON.parse((await exportOf(admin)).json);
    expect(document.securityEvents).toContainEqual(
      expect.objectContaining({ type: 'user.suspended', ipAddress: '127.0.0.1', userAgent: agent }),
    );
    expect(JSON.stringify(document)).not.toContain(user.id);
  });
});

describe('deleteAccount', () => {
  it('DP-4 requires a fresh proof and the address', async () => {
    const person = await registerPerson(server);
    expect(
      (await server.mutate('deleteAccount', { confirmEmail: person.email })).errors[0].extensions
        .code,
    ).toBe('UNAUTHENTICATED');
    expect(await remove(person, freshAddress())).toMatchObject({
      code: 'VALIDATION_FAILED',
      fields: [{ path: 'confirmEmail', code: 'MISMATCH' }],
    });
    await ageProof(server, person.sessionId, 601);
    expect(await remove(person)).toMatchObject({ code: 'STEP_UP_REQUIRED' });
    expect((await server.send(meQuery, {}, { token: person.accessToken })).data.me.id).toBe(
      person.id,
    );
  });

  it('DP-4 erases personal data, keeps the trail under random ids, sends a last mail', async () => {
    const headers = { 'user-agent': agent.replace('Linux', 'QuokkaOS') };
    const email = freshAddress().replace('person', 'canary.person');
    const name = 'Canary Lovelace';
    const challenge = await server.mutate(
      'register',
      { email, password: goodPassword, name },
      { headers },
    );
    const tokens = await server.mutate(
      'verifyOtp',
      { challengeId: challenge.id, code: await server.nextCode(email) },
      { headers },
    );
    const phone = await signIn(server, { email, password: goodPassword });
    await server.mutate('login', { email, password: 'wrong wrong wrong' }, { headers });
    await server.mutate('requestPasswordReset', { email }, { headers });
    const reset = await server.nextToken(email);
    await server.mutate('requestLoginCode', { email }, { headers });
    await server.nextMail(email);
    expect(await dumpText(server.app)).toContain('canary');

    const spelled = email.toUpperCase();
    const farewell = { confirmEmail: spelled };
    expect(
      await server.mutate('deleteAccount', farewell, { token: tokens.accessToken, headers }),
    ).toEqual(accepted);
    let notice = await server.nextMail(email);
    while (notice.subject !== 'Your account was deleted') notice = await server.nextMail(email);
    expect(notice.text).toContain('Device: Firefox');

    const rows = await dump(server.app);
    const text = JSON.stringify(rows).toLowerCase();
    for (const personal of [email, 'canary', 'lovelace', 'quokka'])
      expect(text).not.toContain(personal.toLowerCase());
    // All that is left of the user is an id that leads back to nothing.
    const about = rows['audit_events']?.filter((row) => row['subjectId'] === tokens.user.id) ?? [];
    expect(about.map((row) => row['type'])).toEqual(
      expect.arrayContaining(['account.registered', 'session.opened', 'account.deleted']),
    );
    const eventIds = new Set(about.map((row) => row['id']));
    expect(rows['audit_origins']?.filter((row) => eventIds.has(row['eventId']))).toEqual([]);
    for (const [table, left] of Object.entries(rows)) {
      if (table !== 'audit_events') expect(JSON.stringify(left)).not.toContain(tokens.user.id);
    }

    for (const token of [tokens.accessToken, phone.accessToken]) {
      const answer = await server.send(meQuery, {}, { token });
      expect(answer.errors[0]?.extensions).toMatchObject({
        code: 'UNAUTHENTICATED',
        reason: 'SESSION_REVOKED',
      });
    }
    for (const refreshToken of [tokens.refreshToken, phone.refreshToken]) {
      expect(await server.mutate('refreshSession', { refreshToken })).toMatchObject({
        code: 'INVALID_OR_EXPIRED_TOKEN',
      });
    }
    expect(
      await server.mutate('resetPassword', { token: reset, newPassword: goodPassword }),
    ).toMatchObject({
      code: 'INVALID_OR_EXPIRED_TOKEN',
    });
  });

  it('DP-4 the address can register again and inherits nothing, not even a lock', async () => {
    const strict = await startTestServer({ config: { rateLimitMultiplier: 1 } });
    try {
      const person = await registerPerson(strict, { name: 'Ada' });
      await setRoles(strict, person.id, ['editor']);
      let code = '';
      for (let round = 0; round < 11; round += 1) {
        code = (
          await strict.mutate('login', { email: person.email, password: 'wrong wrong wrong' })
        ).code;
      }
      expect(code).toBe('RATE_LIMITED');
      const { accessToken: token } = person;
      expect(
        await strict.mutate('deleteAccount', { confirmEmail: person.email }, { token }),
      ).toEqual(accepted);
      await strict.nextMail(person.email);

      const again = await registerPerson(strict, {
        email: person.email,
        password: 'copper willow thunder market',
      });
      expect(again.id).not.toBe(person.id);
      const { data } = await strict.send(meQuery, {}, { token: again.accessToken });
      expect(data.me).toMatchObject({ email: person.email, name: null, roles: [] });
      expect(
        await strict.mutate('login', { email: person.email, password: person.password }),
      ).toMatchObject({
        code: 'INVALID_CREDENTIALS',
      });
      await signIn(strict, again);
      expect((await auditOf(strict, again.id)).map(({ type }) => type)).not.toContain(
        'account.deleted',
      );
    } finally {
      await strict.stop();
    }
  });

  it('AZ-7 the last administrator stays, also when two delete themselves at once', async () => {
    const lone = await startTestServer();
    try {
      const admins = [await registerPerson(lone), await registerPerson(lone)];
      for (const admin of admins) await setRoles(lone, admin.id, ['admin']);
      const answers = await Promise.all(
        admins.map(({ email, accessToken }) =>
          lone.mutate('deleteAccount', { confirmEmail: email }, { token: accessToken }),
        ),
      );
      expect(answers.filter((answer) => answer.accepted)).toHaveLength(1);
      expect(answers.find((answer) => !answer.accepted)).toMatchObject({ code: 'CONFLICT' });
    } finally {
      await lone.stop();
    }
  });

  it('two concurrent deletions send one mail', async () => {
    const person = await registerPerson(server);
    const answers = await Promise.all([remove(person), remove(person), remove(person)]);
    expect(answers.filter((answer) => answer.accepted)).toHaveLength(1);
    await server.nextMail(person.email);
    expect(await auditOf(server, person.id, 'account.deleted')).toHaveLength(1);
  });
});

describe('what a copy of the database reveals', () => {
  it('DP-2 contains no usable code, token or password', async () => {
    const own = await startTestServer();
    try {
      const person = await registerPerson(own);
      const secrets = [person.password, person.refreshToken, person.accessToken];
      const login = await own.mutate('requestLoginCode', { email: person.email });
      secrets.push(login.id);
      await own.nextMail(person.email);
      await own.mutate('requestPasswordReset', { email: person.email });
      secrets.push(await own.nextToken(person.email));
      const to = freshAddress();
      const change = await own.mutate(
        'requestEmailChange',
        { newEmail: to },
        { token: person.accessToken },
      );
      const code = await own.nextCode(to);
      await own.mutate(
        'confirmEmailChange',
        { challengeId: change.id, code },
        { token: person.accessToken },
      );
      secrets.push(change.id, await own.nextToken(person.email));
      const text = await dumpText(own.app);
      for (const secret of secrets) {
        expect(text).not.toContain(secret);
        expect(text).not.toContain(Buffer.from(secret).toString('hex'));
        expect(text).not.toContain(Buffer.from(secret, 'base64url').toString('hex'));
      }
      expect(text).not.toMatch(new RegExp(`\\b${code}\\b`));
    } finally {
      await own.stop();
    }
  });
});
