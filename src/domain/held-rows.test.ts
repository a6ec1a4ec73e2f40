import { once } from 'node:events';
import type postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Administrator, makeAdministrator } from '../testing/administrators.ts';
import { codeIn, linkTokenIn, startTestServer, type TestServer } from '../testing/app.ts';
import { authenticator, enrolTotp, signInWithApp, totpCode } from '../testing/authenticator.ts';
import type { MutationName } from '../testing/client.ts';
import { createTestClock } from '../testing/clock.ts';
import {
  productionEnvironment,
  runCommand,
  startCommand,
  strongKey,
} from '../testing/command-line.ts';
import {
  getTicket,
  linkByProvider,
  newVerifier,
  returnTo,
  signInByProvider,
  withProviders,
} from '../testing/identities.ts';
import { startIdentityProvider, type TestIdentityProvider } from '../testing/identity-provider.ts';
import { addPasskey, newSigner } from '../testing/passkeys.ts';
import {
  changeEmail,
  freshAddress,
  goodPassword,
  type Person,
  registerPerson,
  signIn,
} from '../testing/people.ts';
import { rawSql } from '../testing/raw-sql.ts';
import { auditOf, sessionsOf } from '../testing/rows.ts';

// Rule 4: what is judged is the row that is held. Each verb that judges a row waits here for a row
// that the test holds, and finds it changed. Verbs that only read (me, account, listSessions,
// listSecurityEvents, exportAccount, listUsers, introspection) wait for no row and have no line.

let provider: TestIdentityProvider;
let server: TestServer;
let second: TestServer;
let sql: postgres.Sql;
beforeAll(async () => {
  const clock = createTestClock();
  provider = await startIdentityProvider({ clock });
  const config = { secretKeys: [strongKey], ...withProviders([provider.entry()]) };
  server = await startTestServer({ clock, config });
  second = await server.another();
  sql = rawSql(server);
});
afterAll(async () => {
  await sql.end();
  await second.stop();
  await server.stop();
  await provider.stop();
});

// biome-ignore lint/suspicious/noExplicitAny: answers of the API, see testing/client.ts.
type Reply = any;
type Tx = postgres.TransactionSql;
type Table = 'users' | 'sessions' | 'otp_challenges';
type Change = (tx: Tx) => Promise<unknown>;

const otherPassword = 'walnut ferry copper tuesday';
const as = ({ accessToken }: Pick<Person, 'accessToken'>) => ({ token: accessToken });

async function untilAQueryWaits(): Promise<void> {
  for (let waited = 0; waited < 30_000; waited += 20) {
    const rows = await sql`
      select 1 from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`;
    if (rows.length > 0) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('The verb never came to wait for the row.');
}

/** Everything that a verb could change, but for counters of attempts, limits, mail and decoys. */
const stateOf = async (tx: Tx): Promise<unknown> => ({
  users: await tx`select * from users order by id`,
  sessions: await tx`select id, user_id, revoked_at, revoked_reason from sessions order by id`,
  apps: await tx`select id, user_id, confirmed_at from totp_authenticators order by id`,
  codes: await tx`select id, used_at from recovery_codes order by id`,
  challenges: await tx`
    select id, consumed_at from otp_challenges where user_id is not null order by id`,
  links: await tx`select id, ended_at from account_tokens order by id`,
  passkeys: await tx`select * from passkeys order by id`,
  identities: await tx`select * from identities order by id`,
});

type During = {
  /** The row that the test holds and the verb waits for. */
  readonly row: readonly [table: Table, id: string];
  readonly change: Change;
  readonly send: () => Promise<Reply>;
};

/** The verb's answer, and whether it has changed anything after it had to wait. */
async function during({ row: [table, id], change, send }: During) {
  const { sent, before } = await sql.begin(async (tx) => {
    await tx`select 1 from ${tx(table)} where id = ${id} for update`;
    const request = send();
    await untilAQueryWaits();
    await change(tx);
    return { sent: { request }, before: await stateOf(tx) };
  });
  const answer: Reply = await sent.request;
  return { answer, before, after: await sql.begin((tx) => stateOf(tx)) };
}

async function expectRefused(what: During, right: Record<string, unknown>): Promise<void> {
  const { answer, before, after } = await during(what);
  expect(answer.errors?.[0]?.extensions ?? answer).toMatchObject(right);
  expect(after).toEqual(before);
}

const signedOut = { code: 'UNAUTHENTICATED', reason: 'SESSION_REVOKED' };
const set = {
  suspended: (id: string) => (tx: Tx) =>
    tx`update users set suspended_at = ${server.clock.now()} where id = ${id}`,
  appActivated: (id: string) => (tx: Tx) =>
    tx`update users set totp_enabled_at = ${server.clock.now()} where id = ${id}`,
  appRemoved: (id: string) => async (tx: Tx) => {
    await tx`delete from totp_authenticators where user_id = ${id}`;
    await tx`update users set totp_enabled_at = null where id = ${id}`;
  },
  roles: (id: string, roles: string[]) => (tx: Tx) =>
    tx`update users set roles = ${roles} where id = ${id}`,
  deleted: (id: string) => (tx: Tx) => tx`delete from users where id = ${id}`,
  signedOut: (sessionId: string) => (tx: Tx) =>
    tx`update sessions set revoked_at = ${server.clock.now()} where id = ${sessionId}`,
  /** As changePassword sets one. */
  password: (id: string, hash: string) => (tx: Tx) => {
    const at = new Date(server.clock.now().getTime() + 1000);
    return tx`
      update users set password_hash = ${hash}, password_changed_at = ${at} where id = ${id}`;
  },
  address: (id: string, email: string) => (tx: Tx) =>
    tx`update users set email = ${email}, email_canonical = ${email} where id = ${id}`,
  verified: (id: string) => (tx: Tx) =>
    tx`update users set email_verified_at = ${server.clock.now()} where id = ${id}`,
} as const;

type Call = { readonly person: Person; readonly send: () => Promise<Reply> };

const calls = (person: Person, name: MutationName, input: Record<string, unknown>): Call => ({
  person,
  send: () => second.mutate(name, input, as(person)),
});

/** Links an account of the double's to a person; the id of the identity. */
async function linkTo(person: Person): Promise<string> {
  provider.user = { sub: person.id };
  const { id } = await linkByProvider(server, provider, person);
  return id;
}

async function withApp() {
  const person = await registerPerson(server);
  const { phone } = await enrolTotp(server, person);
  return { person: await signInWithApp(server, person, phone), phone };
}

/** The verbs that judge the caller's own rows, each prepared so that it would succeed. */
const stepUpVerbs: Readonly<Record<string, () => Promise<Call>>> = {
  changePassword: async () =>
    calls(await registerPerson(server), 'changePassword', {
      currentPassword: goodPassword,
      newPassword: otherPassword,
    }),
  requestEmailChange: async () =>
    calls(await registerPerson(server), 'requestEmailChange', { newEmail: freshAddress() }),
  startTotpEnrollment: async () => calls(await registerPerson(server), 'startTotpEnrollment', {}),
  confirmTotpEnrollment: async () => {
    const person = await registerPerson(server);
    const { id, secret } = await server.mutate('startTotpEnrollment', {}, as(person));
    const code = authenticator(server, secret).code();
    return calls(person, 'confirmTotpEnrollment', { enrollmentId: id, code });
  },
  revokeSession: async () => {
    const person = await registerPerson(server);
    const { sessionId } = await signIn(server, person);
    return calls(person, 'revokeSession', { sessionId });
  },
  deleteAccount: async () => {
    const person = await registerPerson(server);
    return calls(person, 'deleteAccount', { confirmEmail: person.email });
  },
  startPasskeyRegistration: async () =>
    calls(await registerPerson(server), 'startPasskeyRegistration', {}),
  'startPasskeyRegistration without a click': async () => {
    const person = await signIn(server, await registerPerson(server));
    return calls(person, 'startPasskeyRegistration', { conditional: true });
  },
  confirmPasskeyRegistration: async () => {
    const person = await registerPerson(server);
    const { id, options } = await server.mutate('startPasskeyRegistration', {}, as(person));
    const credential = newSigner().register(options);
    return calls(person, 'confirmPasskeyRegistration', { challengeId: id, credential });
  },
  removePasskey: async () => {
    const person = await registerPerson(server);
    const { id: passkeyId } = await addPasskey(server, person);
    return calls(person, 'removePasskey', { passkeyId });
  },
  startIdentityLink: async () => {
    const { codeChallenge } = newVerifier();
    const input = { providerId: 'double', returnTo, codeChallenge };
    return calls(await registerPerson(server), 'startIdentityLink', input);
  },
  completeIdentityLink: async () => {
    const person = await registerPerson(server);
    provider.user = { sub: person.id };
    const mutation = 'startIdentityLink';
    const ticket = await getTicket(server, provider, { mutation, sender: as(person) });
    return calls(person, 'completeIdentityLink', ticket);
  },
  unlinkIdentity: async () => {
    const person = await registerPerson(server);
    return calls(person, 'unlinkIdentity', { identityId: await linkTo(person) });
  },
};
/** They end the caller's own session even where the others need a step-up. */
const signOutVerbs: typeof stepUpVerbs = {
  'logout everywhere': async () => {
    const person = await registerPerson(server);
    await signIn(server, person);
    return calls(person, 'logout', { everywhere: true });
  },
  'logout everywhere by a refresh token': async () => {
    const person = await registerPerson(server);
    await signIn(server, person);
    const input = { everywhere: true, refreshToken: person.refreshToken };
    return { person, send: () => second.mutate('logout', input) };
  },
};
const sessionVerbs: typeof stepUpVerbs = {
  ...stepUpVerbs,
  ...signOutVerbs,
  renamePasskey: async () => {
    const person = await registerPerson(server);
    const { id: passkeyId } = await addPasskey(server, person);
    return calls(person, 'renamePasskey', { passkeyId, name: 'Mine' });
  },
  updateProfile: async () =>
    calls(await registerPerson(server), 'updateProfile', { name: 'Mallory' }),
  confirmEmailChange: async () => {
    const person = await registerPerson(server);
    const newEmail = freshAddress();
    const { id } = await server.mutate('requestEmailChange', { newEmail }, as(person));
    const code = await server.nextCode(newEmail);
    return calls(person, 'confirmEmailChange', { challengeId: id, code });
  },
  disableTotp: async () => calls((await withApp()).person, 'disableTotp', {}),
  'disableTotp by a code': async () => {
    const { person, phone } = await withApp();
    return calls(person, 'disableTotp', { code: phone.nextCode() });
  },
  regenerateRecoveryCodes: async () =>
    calls((await withApp()).person, 'regenerateRecoveryCodes', {}),
  'reauthenticate by the password': async () =>
    calls(await registerPerson(server), 'reauthenticate', { password: goodPassword }),
  'reauthenticate by the password, an app next': async () =>
    calls((await withApp()).person, 'reauthenticate', { password: goodPassword }),
  'reauthenticate by mail': async () => calls(await registerPerson(server), 'reauthenticate', {}),
};

describe('X-6 a verb of a signed-in user that waits for the user’s row', () => {
  describe.each(Object.entries(sessionVerbs))('%s', (_, prepare) => {
    it('is refused where the session has ended (SE-11)', async () => {
      const { person, send } = await prepare();
      await expectRefused(
        { row: ['users', person.id], change: set.signedOut(person.sessionId), send },
        signedOut,
      );
    });

    it('is refused where the account was suspended', async () => {
      const { person, send } = await prepare();
      await expectRefused(
        { row: ['users', person.id], change: set.suspended(person.id), send },
        signedOut,
      );
    });

    it('is refused where the account was deleted', async () => {
      const { person, send } = await prepare();
      await expectRefused(
        { row: ['users', person.id], change: set.deleted(person.id), send },
        signedOut,
      );
    });

    it('is refused where the session ends while it waits for the session’s row', async () => {
      const { person, send } = await prepare();
      await expectRefused(
        { row: ['sessions', person.sessionId], change: set.signedOut(person.sessionId), send },
        signedOut,
      );
    });
  });

  it.each(Object.entries(stepUpVerbs))(
    '%s asks for the app that was activated meanwhile (SE-13)',
    async (_, prepare) => {
      const { person, send } = await prepare();
      await expectRefused(
        { row: ['users', person.id], change: set.appActivated(person.id), send },
        { code: 'STEP_UP_REQUIRED' },
      );
    },
  );

  it.each(Object.entries(signOutVerbs))(
    '%s asks for the app that was activated meanwhile, and ends its own session alone',
    async (_, prepare) => {
      const { person, send } = await prepare();
      const { answer } = await during({
        row: ['users', person.id],
        change: set.appActivated(person.id),
        send,
      });
      expect(answer).toMatchObject({ code: 'STEP_UP_REQUIRED' });
      const left = (await sessionsOf(server, person.id)).filter((one) => one.revokedAt === null);
      expect(left).toHaveLength(1);
      expect(left[0]?.id).not.toBe(person.sessionId);
    },
  );

  it.each(['disableTotp', 'disableTotp by a code', 'regenerateRecoveryCodes'])(
    '%s is refused where the app was removed meanwhile',
    async (name) => {
      const { person, send } = (await sessionVerbs[name]?.()) ?? { person: null, send: null };
      if (!person || !send) throw new Error('There is no such verb.');
      await expectRefused(
        { row: ['users', person.id], change: set.appRemoved(person.id), send },
        { code: 'CONFLICT' },
      );
    },
  );

  it('removePasskey keeps the last way in where the password went meanwhile', async () => {
    const { person, send } = await (stepUpVerbs['removePasskey']?.() ?? Promise.reject());
    await expectRefused(
      {
        row: ['users', person.id],
        change: (tx) => tx`update users set password_hash = null where id = ${person.id}`,
        send,
      },
      { code: 'CONFLICT' },
    );
  });

  it('unlinkIdentity keeps the last way in where the password went meanwhile', async () => {
    const { person, send } = await (stepUpVerbs['unlinkIdentity']?.() ?? Promise.reject());
    await expectRefused(
      {
        row: ['users', person.id],
        change: (tx) => tx`update users set password_hash = null where id = ${person.id}`,
        send,
      },
      { code: 'CONFLICT' },
    );
  });

  it('confirmPasskeyRegistration adds none where the password was changed meanwhile', async () => {
    const { person, send } = await (stepUpVerbs['confirmPasskeyRegistration']?.() ??
      Promise.reject());
    const hash = await server.app.hasher.hash(otherPassword);
    await expectRefused(
      { row: ['users', person.id], change: set.password(person.id, hash), send },
      { code: 'INVALID_CREDENTIALS' },
    );
  });

  it('changePassword does not replace a password that was set meanwhile', async () => {
    const { person, send } = await (stepUpVerbs['changePassword']?.() ?? Promise.reject());
    const hash = await server.app.hasher.hash('juniper anchor velvet monday');
    await expectRefused(
      { row: ['users', person.id], change: set.password(person.id, hash), send },
      { code: 'CONFLICT' },
    );
  });

  it('reauthenticate refuses a password that was replaced meanwhile', async () => {
    const { person, send } = calls(await registerPerson(server), 'reauthenticate', {
      password: goodPassword,
    });
    const hash = await server.app.hasher.hash(otherPassword);
    await expectRefused(
      { row: ['users', person.id], change: set.password(person.id, hash), send },
      { code: 'INVALID_CREDENTIALS' },
    );
  });

  it('reauthenticate takes the same password under a renewed hash', async () => {
    const { person, send } = calls(await registerPerson(server), 'reauthenticate', {
      password: goodPassword,
    });
    const hash = await server.app.hasher.hash(goodPassword);
    const { answer } = await during({
      row: ['users', person.id],
      change: (tx) => tx`update users set password_hash = ${hash} where id = ${person.id}`,
      send,
    });
    expect(answer.__typename).toBe('AuthTokens');
  });

  it('reauthenticate asks for the app that was activated meanwhile', async () => {
    const { person, send } = calls(await registerPerson(server), 'reauthenticate', {
      password: goodPassword,
    });
    const { answer } = await during({
      row: ['users', person.id],
      change: set.appActivated(person.id),
      send,
    });
    expect(answer).toMatchObject({ __typename: 'OtpChallenge', methods: ['TOTP'] });
  });

  it('reauthenticate mails its code to the address of now', async () => {
    const person = await registerPerson(server);
    const newEmail = freshAddress();
    const { answer } = await during({
      row: ['users', person.id],
      change: set.address(person.id, newEmail),
      send: () => second.mutate('reauthenticate', {}, as(person)),
    });
    expect(answer.__typename).toBe('OtpChallenge');
    expect(await server.nextCode(newEmail)).toMatch(/^\d{6}$/);
  });

  it('deleteAccount and requestEmailChange judge the address of now', async () => {
    const person = await registerPerson(server);
    const newEmail = freshAddress();
    await expectRefused(
      {
        row: ['users', person.id],
        change: set.address(person.id, newEmail),
        send: () => second.mutate('deleteAccount', { confirmEmail: person.email }, as(person)),
      },
      { code: 'VALIDATION_FAILED' },
    );
    const third = freshAddress();
    await expectRefused(
      {
        row: ['users', person.id],
        change: set.address(person.id, third),
        send: () => second.mutate('requestEmailChange', { newEmail: third }, as(person)),
      },
      { code: 'VALIDATION_FAILED' },
    );
  });

  it('requestEmailChange sends no code to an address that was taken meanwhile (EN-3)', async () => {
    const person = await registerPerson(server);
    const holder = await registerPerson(server);
    const newEmail = freshAddress();
    await during({
      row: ['users', person.id],
      change: set.address(holder.id, newEmail),
      send: () => second.mutate('requestEmailChange', { newEmail }, as(person)),
    });
    const mails = await server.allMail(newEmail);
    expect(mails.map(({ text }) => /^\d{6}$/m.test(text))).toEqual([false]);
  });
});

/** The administrators' verbs, each about `target`. */
const adminVerbs: Readonly<
  Record<string, { name: MutationName; input: (target: Person) => Record<string, unknown> }>
> = {
  suspendUser: { name: 'suspendUser', input: ({ id }) => ({ userId: id }) },
  reinstateUser: { name: 'reinstateUser', input: ({ id }) => ({ userId: id }) },
  setUserRoles: { name: 'setUserRoles', input: ({ id }) => ({ userId: id, roles: ['admin'] }) },
  revokeUserSessions: { name: 'revokeUserSessions', input: ({ id }) => ({ userId: id }) },
  setUserMetadata: {
    name: 'setUserMetadata',
    input: ({ id }) => ({ userId: id, adminMetadata: { plan: 'free' } }),
  },
  revokeUserSession: {
    name: 'revokeUserSession',
    input: ({ id, sessionId }) => ({ userId: id, sessionId }),
  },
  resetUserFactors: { name: 'resetUserFactors', input: ({ id }) => ({ userId: id, reason: 'r' }) },
  resetUserPassword: {
    name: 'resetUserPassword',
    input: ({ id }) => ({ userId: id, reason: 'r' }),
  },
  unlinkUserIdentity: {
    name: 'unlinkUserIdentity',
    input: ({ id }) => ({ userId: id, identityId: id, reason: 'r' }),
  },
  deleteUser: { name: 'deleteUser', input: ({ id }) => ({ userId: id }) },
};

/** The same for all of them, and for the two that name no user by id. */
async function adminCalls(name: string): Promise<{
  admin: Administrator;
  target: Person;
  row: readonly [Table, string];
  send: () => Promise<Reply>;
}> {
  const admin = await makeAdministrator(server);
  const target = await registerPerson(server);
  const verb = adminVerbs[name];
  if (verb) {
    const send = () => second.mutate(verb.name, verb.input(target), as(admin));
    return { admin, target, row: ['users', target.id], send };
  }
  if (name === 'POST /oauth/revoke')
    return {
      admin,
      target,
      row: ['sessions', target.sessionId],
      send: () => revokeByService(admin, target),
    };
  const email = freshAddress();
  await server.mutate('register', { email, password: goodPassword });
  const [invited] = await sql<{ id: string }[]>`select id from users where email = ${email}`;
  const send = () => second.mutate('createUser', { email, roles: ['admin'] }, as(admin));
  return { admin, target, row: ['users', invited?.id ?? ''], send };
}

async function revokeByService(admin: Person, target: Person): Promise<Reply> {
  const response = await fetch(`${second.url}/oauth/revoke`, {
    method: 'POST',
    headers: { authorization: `Bearer ${admin.accessToken}` },
    body: new URLSearchParams({ token: target.refreshToken }),
  });
  const { error } = (await response.json()) as { error?: string };
  return { code: error };
}

const allAdminVerbs = [...Object.keys(adminVerbs), 'createUser', 'POST /oauth/revoke'];

describe('X-6 an administrator’s verb that waits', () => {
  describe.each(allAdminVerbs)('%s', (name) => {
    const isForm = name.startsWith('POST');
    const forbidden = { code: isForm ? 'insufficient_scope' : 'FORBIDDEN' };

    it('is refused where the role was taken away (AZ-4)', async () => {
      const { admin, send } = await adminCalls(name);
      const change = set.roles(admin.id, ['editor']);
      await expectRefused({ row: ['users', admin.id], change, send }, forbidden);
    });

    it('is refused where the administrator was suspended', async () => {
      const { admin, send } = await adminCalls(name);
      const change = set.suspended(admin.id);
      await expectRefused({ row: ['users', admin.id], change, send }, forbidden);
    });

    it('is refused where the session ends while it waits for the other row (SE-11)', async () => {
      const { admin, row, send } = await adminCalls(name);
      await expectRefused(
        { row, change: set.signedOut(admin.sessionId), send },
        isForm ? { code: 'invalid_client' } : signedOut,
      );
    });
  });

  it.each(Object.keys(adminVerbs))('%s finds no user where it was deleted', async (name) => {
    const { target, row, send } = await adminCalls(name);
    await expectRefused({ row, change: set.deleted(target.id), send }, { code: 'NOT_FOUND' });
  });

  it('createUser leaves an account that was verified meanwhile alone', async () => {
    const { row, send } = await adminCalls('createUser');
    await expectRefused({ row, change: set.verified(row[1]), send }, { code: 'CONFLICT' });
  });

  it('resetUserPassword refuses an account that was suspended meanwhile', async () => {
    const { target, row, send } = await adminCalls('resetUserPassword');
    await expectRefused({ row, change: set.suspended(target.id), send }, { code: 'CONFLICT' });
  });

  it('suspendUser leaves the suspension that came first', async () => {
    const { target, row, send } = await adminCalls('suspendUser');
    const { answer, before, after } = await during({ row, change: set.suspended(target.id), send });
    expect(answer).toMatchObject({ __typename: 'User', status: 'SUSPENDED' });
    expect(after).toEqual(before);
  });

  it('setUserRoles audits the roles that it replaced', async () => {
    const { target, row, send } = await adminCalls('setUserRoles');
    await during({ row, change: set.roles(target.id, ['editor']), send });
    const [event] = await auditOf(server, target.id, 'user.roles_changed');
    expect(event?.detail).toMatchObject({ before: 'editor', after: 'admin' });
  });
});

describe('X-6 AZ-7 an administrator is always left', () => {
  const twoAdministrators = async (): Promise<readonly [Administrator, Administrator]> => {
    await sql`update users set roles = '{}'`;
    return [await makeAdministrator(server), await makeAdministrator(server)];
  };
  const administratorsLeft = async (): Promise<number> => {
    const rows = await sql`
      select 1 from users where roles @> '{admin}' and suspended_at is null
        and email_verified_at is not null`;
    return rows.length;
  };
  /** What an administrator can do that leaves one fewer. */
  const verbs = {
    deleteAccount: (by: Administrator) => ({ confirmEmail: by.email }),
    deleteUser: (_: Administrator, whom: Administrator) => ({ userId: whom.id }),
    setUserRoles: (_: Administrator, whom: Administrator) => ({ userId: whom.id, roles: [] }),
    suspendUser: (_: Administrator, whom: Administrator) => ({ userId: whom.id }),
  } as const;
  const names = Object.keys(verbs) as (keyof typeof verbs)[];

  it.each(names.flatMap((one, index) => names.slice(index).map((other) => [one, other] as const)))(
    '%s and %s of two, at once on two instances',
    async (one, other) => {
      const [ada, bob] = await twoAdministrators();
      await Promise.all([
        server.mutate(one, verbs[one](ada, bob), as(ada)),
        second.mutate(other, verbs[other](bob, ada), as(bob)),
      ]);
      expect(await administratorsLeft()).toBe(1);
    },
  );

  const goings = {
    deleted: set.deleted,
    demoted: (id: string) => set.roles(id, []),
    suspended: set.suspended,
  } as const;

  it.each(
    names.flatMap((name) => Object.entries(goings).map(([how, go]) => [name, how, go] as const)),
  )('%s of the last one, the other was %s meanwhile', async (name, _, go) => {
    const [ada, bob] = await twoAdministrators();
    await expectRefused(
      {
        row: ['users', bob.id],
        change: go(bob.id),
        send: () => server.mutate(name, verbs[name](ada, ada), as(ada)),
      },
      { code: 'CONFLICT' },
    );
    expect(await administratorsLeft()).toBe(1);
  });

  it('deleteAccount of a user who became the only one meanwhile', async () => {
    await sql`update users set roles = '{}'`;
    const person = await registerPerson(server);
    await expectRefused(
      {
        row: ['users', person.id],
        change: set.roles(person.id, ['admin']),
        send: () => server.mutate('deleteAccount', { confirmEmail: person.email }, as(person)),
      },
      { code: 'CONFLICT' },
    );
  });

  it('deleteAccount of one who was demoted meanwhile succeeds', async () => {
    const [, bob] = await twoAdministrators();
    const { answer } = await during({
      row: ['users', bob.id],
      change: set.roles(bob.id, []),
      send: () => server.mutate('deleteAccount', { confirmEmail: bob.email }, as(bob)),
    });
    expect(answer).toMatchObject({ accepted: true });
  });
});

describe('X-6 a sign-in that waits for the user’s row', () => {
  const login = (person: Person) => () =>
    second.mutate('login', { email: person.email, password: person.password });
  const refusals = {
    'the password was changed': async ({ id }: Person) =>
      set.password(id, await server.app.hasher.hash(otherPassword)),
    'the account was suspended': async ({ id }: Person) => set.suspended(id),
    'the account was deleted': async ({ id }: Person) => set.deleted(id),
    'the address was given up': async ({ id }: Person) => set.address(id, freshAddress()),
  } as const;

  it.each(Object.entries(refusals))('login opens nothing where %s', async (_, change) => {
    const person = await registerPerson(server);
    await expectRefused(
      { row: ['users', person.id], change: await change(person), send: login(person) },
      { code: 'INVALID_CREDENTIALS' },
    );
  });

  it('login asks for the app that was activated meanwhile', async () => {
    const person = await registerPerson(server);
    const { answer } = await during({
      row: ['users', person.id],
      change: set.appActivated(person.id),
      send: login(person),
    });
    expect(answer).toMatchObject({ __typename: 'OtpChallenge', methods: ['TOTP'] });
    expect(await sessionsOf(server, person.id)).toHaveLength(1);
  });

  const byPasskey = async () => {
    const person = await registerPerson(server);
    const { signer } = await addPasskey(server, person);
    const { id, options } = await server.mutate('requestPasskeyLogin', {});
    const credential = signer.assert(options);
    return { person, send: () => second.mutate('verifyPasskey', { challengeId: id, credential }) };
  };
  const secondStepByPasskey = async () => {
    const person = await registerPerson(server);
    const { signer } = await addPasskey(server, person);
    await enrolTotp(server, person);
    const { passkey } = await login(person)();
    const input = { challengeId: passkey.id, credential: signer.assert(passkey.options) };
    return { person, send: () => second.mutate('verifyPasskey', input) };
  };
  const passkeyGone = (id: string) => (tx: Tx) => tx`delete from passkeys where user_id = ${id}`;
  const counterMoved = (id: string) => (tx: Tx) =>
    tx`update passkeys set sign_count = 100 where user_id = ${id}`;

  it.each([
    ['a sign-in', byPasskey, 'the account was suspended', refusals['the account was suspended']],
    ['a sign-in', byPasskey, 'the account was deleted', refusals['the account was deleted']],
    ['a sign-in', byPasskey, 'it was removed', async ({ id }: Person) => passkeyGone(id)],
    [
      'a second step',
      secondStepByPasskey,
      'the password was changed',
      refusals['the password was changed'],
    ],
    [
      'a second step',
      secondStepByPasskey,
      'the account was suspended',
      refusals['the account was suspended'],
    ],
    [
      'a second step',
      secondStepByPasskey,
      'the challenge was ended',
      async ({ id }: Person) => ended(id),
    ],
    [
      'a second step',
      secondStepByPasskey,
      'it was removed',
      async ({ id }: Person) => passkeyGone(id),
    ],
  ] as const)(
    'PK-14 verifyPasskey of %s (%#) opens nothing where %s',
    async (_, prepare, _why, change) => {
      const { person, send } = await prepare();
      await expectRefused(
        { row: ['users', person.id], change: await change(person), send },
        { code: 'INVALID_CREDENTIALS' },
      );
    },
  );

  it('PK-6 verifyPasskey opens nothing where another answer has moved the counter', async () => {
    const { person, send } = await byPasskey();
    const change = counterMoved(person.id);
    const { answer } = await during({ row: ['users', person.id], change, send });
    expect(answer).toMatchObject({ code: 'INVALID_CREDENTIALS' });
    expect(await sessionsOf(server, person.id)).toHaveLength(1);
    expect(await auditOf(server, person.id, 'passkey.clone_suspected')).toHaveLength(1);
  });

  const byIdentity = async () => {
    const person = await registerPerson(server);
    await linkTo(person);
    const ticket = await getTicket(server, provider);
    return { person, send: () => second.mutate('completeIdentityLogin', ticket) };
  };
  const secondStepByIdentity = async () => {
    const person = await registerPerson(server);
    await linkTo(person);
    const { phone } = await enrolTotp(server, await signIn(server, person));
    const { id } = await signInByProvider(server, provider);
    const code = phone.nextCode();
    return { person, send: () => second.mutate('verifyOtp', { challengeId: id, code }) };
  };
  const linkCode = async () => {
    const person = await registerPerson(server);
    provider.user = { sub: person.id, email: person.email };
    const { id } = await signInByProvider(server, provider);
    const code = await server.nextCode(person.email);
    return { person, send: () => second.mutate('verifyOtp', { challengeId: id, code }) };
  };
  const unlinked = (id: string) => (tx: Tx) => tx`delete from identities where user_id = ${id}`;
  /** What `person` is about to link goes to another. */
  const linkedToAnother = async ({ id }: Person) => {
    const other = await registerPerson(server);
    return (tx: Tx) => tx`
      insert into identities (id, user_id, provider_id, issuer, subject, created_at)
      values (${other.id}, ${other.id}, 'double', ${provider.issuer}, ${id}, now())`;
  };

  it.each([
    ['the account was suspended', refusals['the account was suspended'], 'INVALID_CREDENTIALS'],
    // Without an account it needs an address, and this provider has named none.
    ['the account was deleted', refusals['the account was deleted'], 'PROVIDER_REFUSED'],
    ['it was unlinked', async ({ id }: Person) => unlinked(id), 'INVALID_CREDENTIALS'],
  ] as const)('completeIdentityLogin opens nothing where %s', async (_, change, code) => {
    const { person, send } = await byIdentity();
    await expectRefused(
      { row: ['users', person.id], change: await change(person), send },
      { code },
    );
  });

  it('ID-14 completeIdentityLogin asks for the app that was activated meanwhile', async () => {
    const { person, send } = await byIdentity();
    const change = set.appActivated(person.id);
    const { answer } = await during({ row: ['users', person.id], change, send });
    expect(answer).toMatchObject({ __typename: 'OtpChallenge', methods: ['TOTP'] });
  });

  it.each([
    ['its second step', secondStepByIdentity, async ({ id }: Person) => unlinked(id)],
    ['its code', linkCode, linkedToAnother],
  ] as const)('ADV-26 %s links no other account than it began with', async (_, prepare, change) => {
    const { person, send } = await prepare();
    await expectRefused(
      { row: ['users', person.id], change: await change(person), send },
      { code: 'INVALID_CREDENTIALS' },
    );
  });

  it.each([
    ['the account was suspended', refusals['the account was suspended']],
    ['the account was deleted', refusals['the account was deleted']],
    ['the challenge was ended', async ({ id }: Person) => ended(id)],
  ] as const)('verifyOtp links nothing where %s', async (_, change) => {
    const { person, send } = await linkCode();
    await expectRefused(
      { row: ['users', person.id], change: await change(person), send },
      { code: 'INVALID_OR_EXPIRED_CODE' },
    );
  });

  it('verifyPasskey is complete where an app was activated meanwhile', async () => {
    const { person, send } = await byPasskey();
    const change = set.appActivated(person.id);
    const { answer } = await during({ row: ['users', person.id], change, send });
    expect(answer.session.methods).toContain('mfa');
  });

  const secondStep = async () => {
    const { person, phone } = await withApp();
    const { id } = await login(person)();
    const code = phone.nextCode();
    return { person, send: () => second.mutate('verifyOtp', { challengeId: id, code }) };
  };
  const mailedCode = async () => {
    const person = await registerPerson(server);
    const { id } = await server.mutate('requestLoginCode', { email: person.email });
    const code = await server.nextCode(person.email);
    return { person, send: () => second.mutate('verifyOtp', { challengeId: id, code }) };
  };
  const mailedLink = async () => {
    const person = await registerPerson(server);
    await server.mutate('requestLoginCode', { email: person.email });
    const token = await server.nextLink(person.email);
    return { person, send: () => second.mutate('verifyLink', { token }) };
  };
  const ended = (id: string) => (tx: Tx) =>
    tx`update otp_challenges set consumed_at = ${server.clock.now()} where user_id = ${id}`;
  /** As resendOtp replaces one (OT-4). */
  const replaced = (id: string) => (tx: Tx) =>
    tx`
      update otp_challenges set resends = 1,
        code_hash = sha256(code_hash), link_hash = sha256(link_hash) where user_id = ${id}`;

  it.each([
    ['a second step', secondStep, 'the password was changed', refusals['the password was changed']],
    [
      'a second step',
      secondStep,
      'the account was suspended',
      refusals['the account was suspended'],
    ],
    ['a second step', secondStep, 'the account was deleted', refusals['the account was deleted']],
    [
      'a second step',
      secondStep,
      'the app was removed',
      async ({ id }: Person) => set.appRemoved(id),
    ],
    ['a second step', secondStep, 'the challenge was ended', async ({ id }: Person) => ended(id)],
    [
      'a mailed code',
      mailedCode,
      'the account was suspended',
      refusals['the account was suspended'],
    ],
    ['a mailed code', mailedCode, 'the account was deleted', refusals['the account was deleted']],
    ['a mailed code', mailedCode, 'the challenge was ended', async ({ id }: Person) => ended(id)],
    ['a mailed code', mailedCode, 'the code was replaced', async ({ id }: Person) => replaced(id)],
  ] as const)('verifyOtp of %s (%#) opens nothing where %s', async (_, prepare, _why, change) => {
    const { person, send } = await prepare();
    await expectRefused(
      { row: ['users', person.id], change: await change(person), send },
      { code: 'INVALID_OR_EXPIRED_CODE' },
    );
  });

  it.each([
    ['the account was suspended', refusals['the account was suspended']],
    ['the account was deleted', refusals['the account was deleted']],
    ['the challenge was ended', async ({ id }: Person) => ended(id)],
    ['the link was replaced', async ({ id }: Person) => replaced(id)],
  ] as const)('X-1 verifyLink of a sign-in opens nothing where %s', async (_, change) => {
    const { person, send } = await mailedLink();
    await expectRefused(
      { row: ['users', person.id], change: await change(person), send },
      { code: 'INVALID_OR_EXPIRED_TOKEN' },
    );
  });

  it('X-1 verifyLink asks for the app that was activated meanwhile', async () => {
    const { person, send } = await mailedLink();
    const { answer } = await during({
      row: ['users', person.id],
      change: set.appActivated(person.id),
      send,
    });
    expect(answer).toMatchObject({ __typename: 'OtpChallenge', methods: ['TOTP'] });
  });

  it('verifyOtp of a mailed code asks for the app that was activated meanwhile', async () => {
    const { person, send } = await mailedCode();
    const { answer } = await during({
      row: ['users', person.id],
      change: set.appActivated(person.id),
      send,
    });
    expect(answer).toMatchObject({ __typename: 'OtpChallenge', methods: ['TOTP'] });
  });

  it.each(['ended', 'suspended'] as const)(
    'verifyPasskey of a step-up opens nothing where the session was %s',
    async (how) => {
      const person = await registerPerson(server);
      const { signer } = await addPasskey(server, person);
      const { passkey } = await server.mutate('reauthenticate', {}, as(person));
      const input = { challengeId: passkey.id, credential: signer.assert(passkey.options) };
      await expectRefused(
        {
          row: ['users', person.id],
          change: how === 'ended' ? set.signedOut(person.sessionId) : set.suspended(person.id),
          send: () => second.mutate('verifyPasskey', input, as(person)),
        },
        how === 'ended' ? signedOut : { code: 'INVALID_CREDENTIALS' },
      );
    },
  );

  it.each(['ended', 'suspended'] as const)(
    'verifyOtp of a step-up opens nothing where the session was %s',
    async (how) => {
      const person = await registerPerson(server);
      const { id } = await server.mutate('reauthenticate', {}, as(person));
      const code = await server.nextCode(person.email);
      await expectRefused(
        {
          row: ['users', person.id],
          change: how === 'ended' ? set.signedOut(person.sessionId) : set.suspended(person.id),
          send: () => second.mutate('verifyOtp', { challengeId: id, code }, as(person)),
        },
        how === 'ended' ? signedOut : { code: 'INVALID_OR_EXPIRED_CODE' },
      );
    },
  );

  it('verifyOtp of a step-up goes on to no second factor where the session ended', async () => {
    const { person } = await withApp();
    const { id } = await server.mutate('reauthenticate', {}, as(person));
    const code = await server.nextCode(person.email);
    await expectRefused(
      {
        row: ['users', person.id],
        change: set.signedOut(person.sessionId),
        send: () => second.mutate('verifyOtp', { challengeId: id, code }, as(person)),
      },
      signedOut,
    );
  });

  const unverified = async () => {
    const email = freshAddress();
    const registered = await server.mutate('register', { email, password: goodPassword });
    const mail = await server.nextMail(email);
    const [code, token] = [codeIn(mail), linkTokenIn(mail)];
    const [row] = await sql<{ id: string }[]>`select id from users where email = ${email}`;
    return { email, id: row?.id ?? '', token, registered: { challengeId: registered.id, code } };
  };

  it.each([
    ['verified', (id: string) => set.verified(id)],
    ['suspended', (id: string) => set.suspended(id)],
    ['deleted', (id: string) => set.deleted(id)],
    [
      'made an administrator’s invitation',
      (id: string) => (tx: Tx) =>
        tx`update users set invited_at = ${server.clock.now()}, roles = '{admin}' where id = ${id}`,
    ],
  ] as const)('verifyOtp of a registration claims nothing that was %s', async (_, change) => {
    const { id, registered } = await unverified();
    await expectRefused(
      {
        row: ['users', id],
        change: change(id),
        send: () => second.mutate('verifyOtp', registered),
      },
      { code: 'INVALID_OR_EXPIRED_CODE' },
    );
  });

  it.each([
    ['verified', (id: string) => set.verified(id)],
    ['suspended', (id: string) => set.suspended(id)],
    ['deleted', (id: string) => set.deleted(id)],
  ] as const)('X-1 verifyLink of a registration claims nothing that was %s', async (_, change) => {
    const { id, registered, token } = await unverified();
    const { challengeId } = registered;
    await expectRefused(
      {
        row: ['users', id],
        change: change(id),
        send: () => second.mutate('verifyLink', { token, challengeId }),
      },
      { code: 'INVALID_OR_EXPIRED_TOKEN' },
    );
  });

  it('verifyOtp of a sign-in code signs in to an account that was verified meanwhile', async () => {
    const { email, id } = await unverified();
    const challenge = await server.mutate('requestLoginCode', { email });
    const code = await server.nextCode(email);
    const { answer } = await during({
      row: ['users', id],
      change: set.verified(id),
      send: () => second.mutate('verifyOtp', { challengeId: challenge.id, code }),
    });
    expect(answer.__typename).toBe('AuthTokens');
  });

  it.each([
    ['ended', (person: Person) => set.signedOut(person.sessionId)],
    ['deleted with its user', (person: Person) => set.deleted(person.id)],
  ] as const)('refreshSession gets nothing where the session was %s', async (_, change) => {
    const person = await registerPerson(server);
    await expectRefused(
      {
        row: ['sessions', person.sessionId],
        change: change(person),
        send: () => second.mutate('refreshSession', { refreshToken: person.refreshToken }),
      },
      { code: 'INVALID_OR_EXPIRED_TOKEN' },
    );
  });
});

describe('X-6 what mails a code or a link and waits for the user’s row', () => {
  const requests = {
    requestLoginCode: (email: string) => second.mutate('requestLoginCode', { email }),
    requestPasswordReset: (email: string) => second.mutate('requestPasswordReset', { email }),
  } as const;
  const names = Object.keys(requests) as (keyof typeof requests)[];
  const changes = {
    'has another address now': (id: string) => set.address(id, freshAddress()),
    'was suspended': set.suspended,
    'was deleted': set.deleted,
  } as const;

  it.each(
    names.flatMap((name) => Object.entries(changes).map(([how, go]) => [name, how, go] as const)),
  )('%s mails nothing where the account %s, and answers alike', async (name, _, change) => {
    const person = await registerPerson(server);
    const sent = (await server.allMail(person.email)).length;
    const { answer } = await during({
      row: ['users', person.id],
      change: change(person.id),
      send: () => requests[name](person.email),
    });
    const stranger = await requests[name](freshAddress());
    expect(Object.keys(answer)).toEqual(Object.keys(stranger));
    expect(answer.__typename).toBe(stranger.__typename);
    expect(await server.allMail(person.email)).toHaveLength(sent);
    const rows = await sql`
      select 1 from otp_challenges where user_id = ${person.id} and consumed_at is null
      union all select 1 from account_tokens where user_id = ${person.id} and ended_at is null`;
    expect(rows).toHaveLength(0);
  });

  const unfinished = async () => {
    const email = freshAddress();
    await server.mutate('register', { email, password: goodPassword });
    await server.nextCode(email);
    const [row] = await sql<{ id: string }[]>`select id from users where email = ${email}`;
    return { email, id: row?.id ?? '' };
  };
  const registering = async (change: (id: string) => Change) => {
    const { email, id } = await unfinished();
    const { answer } = await during({
      row: ['users', id],
      change: change(id),
      send: () => second.mutate('register', { email, password: otherPassword }),
    });
    return { email, id, answer };
  };

  it.each([
    ['verified', set.verified],
    [
      'invited',
      (id: string) => (tx: Tx) => tx`update users set invited_at = now() where id = ${id}`,
    ],
  ] as const)('register sends no code where the account was %s', async (_, change) => {
    const { email, answer } = await registering(change);
    expect(answer.__typename).toBe('OtpChallenge');
    expect((await server.nextMail(email)).text).not.toMatch(/^\d{6}$/m);
  });

  it.each([
    ['verified', set.verified],
    ['suspended', set.suspended],
    ['deleted', set.deleted],
    ['given another address', (id: string) => set.address(id, freshAddress())],
    [
      'invited',
      (id: string) => (tx: Tx) => tx`update users set invited_at = now() where id = ${id}`,
    ],
  ] as const)('X-10 login reminds no one of a registration that was %s', async (_, change) => {
    const { email, id } = await unfinished();
    const { answer } = await during({
      row: ['users', id],
      change: change(id),
      send: () => second.mutate('login', { email, password: goodPassword }),
    });
    expect(answer).toMatchObject({ code: 'INVALID_CREDENTIALS' });
    expect(await server.allMail(email)).toHaveLength(1);
  });

  it('register sends nothing where the account was suspended', async () => {
    const { email, answer } = await registering(set.suspended);
    expect(answer.__typename).toBe('OtpChallenge');
    expect(await server.allMail(email)).toHaveLength(1);
  });

  it('register begins a new account where the old one was deleted', async () => {
    const { email, id, answer } = await registering(set.deleted);
    const code = await server.nextCode(email);
    const tokens = await server.mutate('verifyOtp', { challengeId: answer.id, code });
    expect(tokens.__typename).toBe('AuthTokens');
    expect(tokens.user.id).not.toBe(id);
  });

  it.each([
    ['the session has ended', set.signedOut, 'INVALID_OR_EXPIRED_CODE'],
    [
      'the challenge was completed',
      (id: string) => (tx: Tx) =>
        tx`update otp_challenges set consumed_at = now() where session_id = ${id}`,
      'INVALID_OR_EXPIRED_CODE',
    ],
    [
      'the last attempt was used',
      (id: string) => (tx: Tx) =>
        tx`update otp_challenges set attempts = 5 where session_id = ${id}`,
      'INVALID_OR_EXPIRED_CODE',
    ],
    [
      'the last resend was used (OT-7)',
      (id: string) => (tx: Tx) =>
        tx`update otp_challenges set resends = 4 where session_id = ${id}`,
      'RATE_LIMITED',
    ],
  ] as const)('resendOtp sends nothing where %s', async (_, change, code) => {
    const person = await registerPerson(server);
    const { id } = await server.mutate('reauthenticate', {}, as(person));
    await server.nextCode(person.email);
    const sent = (await server.allMail(person.email)).length;
    server.clock.advance(31);
    const [row] = await sql<{ id: string }[]>`
      select id from otp_challenges where session_id = ${person.sessionId}`;
    await expectRefused(
      {
        row: ['otp_challenges', row?.id ?? ''],
        change: change(person.sessionId),
        send: () => second.mutate('resendOtp', { challengeId: id }),
      },
      { code },
    );
    expect(await server.allMail(person.email)).toHaveLength(sent);
  });
});

describe('X-6 a mailed link that waits for the user’s row', () => {
  const resetting = async (email: string) => {
    await server.mutate('requestPasswordReset', { email });
    const token = await server.nextToken(email);
    return () => second.mutate('resetPassword', { token, newPassword: otherPassword });
  };
  const linksEnded = (id: string) => (tx: Tx) =>
    tx`update account_tokens set ended_at = now() where user_id = ${id}`;

  it.each([
    ['the account was suspended', set.suspended],
    ['the account was deleted', set.deleted],
    ['the address was given up', (id: string) => set.address(id, freshAddress())],
    ['the link was used', linksEnded],
  ] as const)('resetPassword sets nothing where %s', async (_, change) => {
    const person = await registerPerson(server);
    const send = await resetting(person.email);
    await expectRefused(
      { row: ['users', person.id], change: change(person.id), send },
      { code: 'INVALID_OR_EXPIRED_TOKEN' },
    );
  });

  it('resetPassword keeps the app of an owner who verified the account meanwhile', async () => {
    const { person } = await withApp();
    // As before the owner's sign-in by a mailed code, after which the app was set up.
    await sql`
      update users set email_verified_at = null, totp_enabled_at = null where id = ${person.id}`;
    const send = await resetting(person.email);
    const { answer } = await during({
      row: ['users', person.id],
      change: async (tx) => {
        await set.verified(person.id)(tx);
        await set.appActivated(person.id)(tx);
      },
      send,
    });
    expect(answer).toMatchObject({ accepted: true });
    expect(
      await server.mutate('login', { email: person.email, password: otherPassword }),
    ).toMatchObject({ __typename: 'OtpChallenge', methods: ['TOTP', 'RECOVERY_CODE'] });
  });

  it.each([
    ['the account was deleted', set.deleted],
    ['the link was used', linksEnded],
  ] as const)('undoEmailChange restores nothing where %s', async (_, change) => {
    const person = await registerPerson(server);
    const token = await changeEmail(server, person, freshAddress());
    await expectRefused(
      {
        row: ['users', person.id],
        change: change(person.id),
        send: () => second.mutate('undoEmailChange', { token }),
      },
      { code: 'INVALID_OR_EXPIRED_TOKEN' },
    );
  });
});

describe('X-6 latchkey create-admin that waits for the user’s row', () => {
  const createAdmin = (email: string) => () =>
    runCommand(['create-admin', email, '--json'], { env: productionEnvironment(server) });

  it('appoints no one who was suspended meanwhile', async () => {
    const person = await registerPerson(server);
    const { answer, before, after } = await during({
      row: ['users', person.id],
      change: set.suspended(person.id),
      send: createAdmin(person.email),
    });
    expect(answer).toMatchObject({ status: 1, stderr: 'This account is suspended.\n' });
    expect(after).toEqual(before);
  });

  it('appoints no one who has given up the address meanwhile', async () => {
    const person = await registerPerson(server);
    const { answer } = await during({
      row: ['users', person.id],
      change: set.address(person.id, freshAddress()),
      send: createAdmin(person.email),
    });
    expect(JSON.parse(answer.stdout)).toMatchObject({ outcome: 'invited' });
    const [row] = await sql`select roles from users where id = ${person.id}`;
    expect(row?.['roles']).toEqual([]);
  });

  it('sets up no app for an owner who verified the account meanwhile', async () => {
    const email = freshAddress();
    const child = startCommand(['create-admin', email], productionEnvironment(server));
    let shown = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      shown += text;
    });
    await expect.poll(() => shown).toContain('The code that it shows: ');
    await sql`update users set email_verified_at = now() where email = ${email}`;
    const secret = /type the secret ([A-Z2-7]{32})\n/.exec(shown)?.[1] ?? '';
    child.stdin.end(`${totpCode(secret, new Date())}\n`);
    await once(child, 'close');
    expect(shown).toContain('No app was set up.');
    const apps = await sql`
      select 1 from totp_authenticators
      where user_id = (select id from users where email = ${email})`;
    expect(apps).toHaveLength(0);
  });
});
