import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Db } from '../../db/driver/client.ts';
import { startTestServer, type TestServer, testConfig } from '../../testing/app.ts';
import { authenticator, enrolTotp, signInWithApp } from '../../testing/authenticator.ts';
import type { MutationName } from '../../testing/client.ts';
import { createTestClock } from '../../testing/clock.ts';
import { compiledSources } from '../../testing/compiled.ts';
import type { CrashOrder } from '../../testing/crash-child.ts';
import { createTestDatabase, type TestDatabase } from '../../testing/database.ts';
import { dump } from '../../testing/dump.ts';
import { linkByProvider, signInByProvider, withProviders } from '../../testing/identities.ts';
import {
  startIdentityProvider,
  type TestIdentityProvider,
} from '../../testing/identity-provider.ts';
import { freshAddress, goodPassword, type Person, registerPerson } from '../../testing/people.ts';
import { countSteps } from '../../testing/stepped-db.ts';

const otherPassword = 'copper willow thunder market';
const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0';

/**
 * A server whose requests can be stopped, and a second one that survives: it delivers what the
 * first has left behind.
 */
let server: TestServer;
let survivor: TestServer;
let database: TestDatabase;
let provider: TestIdentityProvider;
const steps = countSteps();
beforeAll(async () => {
  database = await createTestDatabase();
  const clock = createTestClock();
  provider = await startIdentityProvider({ clock });
  const config = withProviders([provider.entry()]);
  survivor = await startTestServer({ database, clock, config });
  // The context of a request is replaced by `during`.
  const during = (over: AbortSignal): Db => steps.watch(database.database.during(over));
  server = await startTestServer({
    database: { ...database, database: { ...database.database, during } },
    clock,
    config,
    mailbox: survivor.mailbox,
  });
  const { random } = server.app;
  Object.assign(server.app, {
    wakeOutbox: () => {},
    // One reservation in 256 takes an additional step; not in this test.
    random: {
      ...random,
      bytes: (length: number) => (length === 1 ? Uint8Array.of(1) : random.bytes(length)),
    },
  });
});
afterAll(async () => {
  await server.stop();
  await survivor.stop();
  await provider.stop();
  await database.drop();
});

type Call = {
  readonly name: MutationName;
  readonly input: Record<string, unknown>;
  readonly token?: string;
};
type Flow = {
  readonly name: string;
  /** Brings a user to the start of the flow, and returns its last call. */
  readonly prepare: (person: Person) => Promise<Call>;
  /** The template of the mail that reports it; null where there is none. */
  readonly mail: string | null;
  /** Whether each attempt is counted, so that the same request is allowed only a few times. */
  readonly isCounted?: true;
  /** The expected answer is an AuthError. */
  readonly isRefused?: true;
};

const signedIn =
  (name: MutationName, input: (person: Person) => Record<string, unknown>) =>
  async (person: Person) => ({
    name,
    input: input(person),
    token: person.accessToken,
  });

const flows: readonly Flow[] = [
  {
    name: 'register',
    prepare: async () => ({
      name: 'register',
      input: { email: freshAddress(), password: goodPassword },
    }),
    mail: 'verify-email',
  },
  {
    name: 'register with a taken address',
    prepare: async ({ email }) => ({ name: 'register', input: { email, password: goodPassword } }),
    mail: 'already-registered',
  },
  {
    name: 'login on a new device',
    prepare: async ({ email, password }) => ({ name: 'login', input: { email, password } }),
    mail: 'new-device',
  },
  {
    name: 'verifyOtp of a registration',
    prepare: async () => {
      const email = freshAddress();
      const { id } = await survivor.mutate('register', { email, password: goodPassword });
      return {
        name: 'verifyOtp',
        input: { challengeId: id, code: await survivor.nextCode(email) },
      };
    },
    mail: null,
    isCounted: true,
  },
  {
    name: 'verifyOtp with a recovery code',
    prepare: async (person) => {
      const { recoveryCodes } = await enrolTotp(survivor, person);
      const { id } = await survivor.mutate('login', {
        email: person.email,
        password: person.password,
      });
      return { name: 'verifyOtp', input: { challengeId: id, code: recoveryCodes[0] } };
    },
    mail: 'recovery-code-used',
    isCounted: true,
  },
  {
    name: 'confirmTotpEnrollment',
    prepare: async ({ accessToken }) => {
      const { id, secret } = await survivor.mutate(
        'startTotpEnrollment',
        {},
        { token: accessToken },
      );
      const code = authenticator(survivor, secret).code();
      return {
        name: 'confirmTotpEnrollment',
        input: { enrollmentId: id, code },
        token: accessToken,
      };
    },
    mail: 'totp-enabled',
    isCounted: true,
  },
  {
    name: 'disableTotp',
    prepare: async (person) => {
      const { phone } = await enrolTotp(survivor, person);
      const { accessToken } = await signInWithApp(survivor, person, phone);
      return { name: 'disableTotp', input: {}, token: accessToken };
    },
    mail: 'totp-disabled',
  },
  {
    name: 'verifyOtp that links an account at another provider',
    prepare: async ({ id, email }) => {
      provider.user = { sub: id, email };
      const { id: challengeId } = await signInByProvider(survivor, provider);
      return { name: 'verifyOtp', input: { challengeId, code: await survivor.nextCode(email) } };
    },
    mail: 'identity-linked',
    isCounted: true,
  },
  {
    name: 'unlinkIdentity',
    prepare: async (person) => {
      provider.user = { sub: person.id };
      const { id: identityId } = await linkByProvider(survivor, provider, person);
      return { name: 'unlinkIdentity', input: { identityId }, token: person.accessToken };
    },
    mail: 'identity-unlinked',
  },
  {
    name: 'refreshSession with a spent token',
    prepare: async ({ refreshToken }) => {
      const next = await survivor.mutate('refreshSession', { refreshToken });
      await survivor.mutate('refreshSession', { refreshToken: next.refreshToken });
      survivor.clock.advance(60);
      return { name: 'refreshSession', input: { refreshToken } };
    },
    mail: 'refresh-reused',
    isRefused: true,
  },
  {
    name: 'requestPasswordReset',
    prepare: async ({ email }) => ({ name: 'requestPasswordReset', input: { email } }),
    mail: 'password-reset',
  },
  {
    name: 'resetPassword',
    prepare: async ({ email }) => {
      await survivor.mutate('requestPasswordReset', { email });
      return {
        name: 'resetPassword',
        input: { token: await survivor.nextToken(email), newPassword: otherPassword },
      };
    },
    mail: 'password-reset-done',
  },
  {
    name: 'changePassword',
    prepare: signedIn('changePassword', ({ password }) => ({
      currentPassword: password,
      newPassword: otherPassword,
    })),
    mail: 'password-changed',
  },
  {
    name: 'updateProfile',
    prepare: signedIn('updateProfile', () => ({ name: 'Ada', locale: 'de' })),
    mail: null,
  },
  {
    name: 'requestEmailChange',
    prepare: signedIn('requestEmailChange', () => ({ newEmail: freshAddress() })),
    mail: 'change-email-code',
  },
  {
    name: 'confirmEmailChange',
    prepare: async ({ accessToken }) => {
      const newEmail = freshAddress();
      const { id } = await survivor.mutate(
        'requestEmailChange',
        { newEmail },
        { token: accessToken },
      );
      const input = { challengeId: id, code: await survivor.nextCode(newEmail) };
      return { name: 'confirmEmailChange', input, token: accessToken };
    },
    mail: 'email-changed',
    isCounted: true,
  },
  {
    name: 'undoEmailChange',
    prepare: async ({ accessToken, email }) => {
      const newEmail = freshAddress();
      const { id } = await survivor.mutate(
        'requestEmailChange',
        { newEmail },
        { token: accessToken },
      );
      const code = await survivor.nextCode(newEmail);
      await survivor.mutate(
        'confirmEmailChange',
        { challengeId: id, code },
        { token: accessToken },
      );
      return { name: 'undoEmailChange', input: { token: await survivor.nextToken(email) } };
    },
    mail: 'email-change-undone',
  },
  {
    name: 'deleteAccount',
    prepare: signedIn('deleteAccount', ({ email }) => ({ confirmEmail: email })),
    mail: 'account-deleted',
  },
];

type State = Readonly<Record<string, number>>;

/**
 * The state without its random parts: rows and their states, counted. It omits what is deliberately
 * committed on its own: budgets of attempts, the attempts of a challenge, and the record of
 * refusals.
 */
async function state(): Promise<State> {
  const tables = await dump(server.app);
  const counted: Record<string, number> = {};
  const count = (what: string): void => {
    counted[what] = (counted[what] ?? 0) + 1;
  };
  const is = (value: unknown): string => (value === null ? 'no' : 'yes');
  for (const row of tables['users'] ?? []) {
    count(
      `user verified=${is(row['emailVerifiedAt'])} password=${is(row['passwordHash'])} ` +
        `name=${row['name']} ${row['locale']}`,
    );
    count(
      `user row changed=${row['passwordChangedAt']} login=${row['lastLoginAt']} ` +
        `hash=${row['passwordHash']} ${row['email']}`,
    );
  }
  for (const row of tables['totp_authenticators'] ?? [])
    count(`app confirmed=${is(row['confirmedAt'])}`);
  for (const row of tables['recovery_codes'] ?? [])
    count(`recovery code used=${is(row['usedAt'])}`);
  for (const row of tables['identities'] ?? []) count(`identity used=${is(row['lastUsedAt'])}`);
  for (const row of tables['sessions'] ?? []) count(`session ended=${is(row['revokedAt'])}`);
  for (const row of tables['account_tokens'] ?? [])
    count(`token ${row['purpose']} ended=${is(row['endedAt'])}`);
  for (const row of tables['otp_challenges'] ?? [])
    count(`challenge ${row['purpose']} met=${is(row['consumedAt'])}`);
  for (const row of tables['audit_events'] ?? []) count(`event ${row['type']}`);
  for (const row of tables['outbox_messages'] ?? []) count(`mail ${row['template']}`);
  for (const _ of tables['known_devices'] ?? []) count('device');
  for (const _ of tables['audit_origins'] ?? []) count('origin');
  return counted;
}

/**
 * What was added and removed between two states; of users' own values only how many. Empty where
 * nothing has changed.
 */
function changesOf(before: State, after: State): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .flatMap((what) => {
      const difference = (after[what] ?? 0) - (before[what] ?? 0);
      return difference === 0
        ? []
        : [`${what.startsWith('user row') ? 'user row' : what}: ${difference}`];
    })
    .sort();
}

describe('a process that crashes', () => {
  it.each(flows)(
    'LG-6 EM-5 between any two steps of $name leaves all or nothing, and no notice is lost',
    async (flow) => {
      const outcomes: string[] = [];
      const whole: string[][] = [];
      const mailsIn = (rows: State): number => rows[`mail ${flow.mail}`] ?? 0;
      let last: Call | null = null;
      for (let step = 1; ; step += 1) {
        // Until something has been committed, the client that got no answer repeats the same
        // request.
        if (last === null || (flow.isCounted && step % 4 === 0) || outcomes.at(-1) === 'all') {
          last = await flow.prepare(await registerPerson(survivor));
        }
        survivor.clock.advance(1);
        const before = await state();
        let died = false;
        steps.arm(step, () => {
          died = true;
          throw new Error('The process is gone.');
        });
        const { name, input, ...sender } = last;
        const answer = await server.mutate(name, input, {
          ...sender,
          headers: { 'user-agent': firefox },
        });
        steps.arm(0, () => {});
        const after = await state();
        const changes = changesOf(before, after);
        const happened = changes.length > 0;
        // Every attempt has the same effect, so nothing is half done.
        if (happened) whole.push(changes);
        // The mail exists if and only if the change does: it waits in the outbox for the surviving
        // server.
        expect(mailsIn(after) - mailsIn(before), `step ${step}`).toBe(
          happened && flow.mail !== null ? 1 : 0,
        );
        if (!died) {
          expect(answer.__typename).toBeDefined();
          expect(answer.__typename === 'AuthError', JSON.stringify(answer)).toBe(
            flow.isRefused === true,
          );
          expect(happened).toBe(true);
          break;
        }
        outcomes.push(happened ? 'all' : 'nothing');
      }
      survivor.app.wakeOutbox();
      // Nothing before the commit, everything after it; and there were steps to crash between.
      expect(outcomes.join(' ')).toMatch(/^(?:nothing )+(?:all ?)+$/);
      expect(outcomes.length).toBeGreaterThan(3);
      for (const changes of whole) expect(changes).toEqual(whole.at(-1));
    },
  );

  it('LG-6 EM-5 SIGKILL in resetPassword leaves all or nothing, and no lost notice', async () => {
    const { url } = server.database;
    if (url === null) throw new Error('PGlite lives in this process.');
    const attempt = async (step: number, token: string): Promise<string | null> => {
      const order: CrashOrder = {
        config: {
          ...testConfig,
          secretKeys: testConfig.secretKeys.map((key) => Buffer.from(key).toString('base64')),
        },
        databaseUrl: url,
        step,
        token,
        newPassword: otherPassword,
        now: server.clock.now().toISOString(),
      };
      const script = join(compiledSources(), 'testing/crash-child.js');
      const child = spawn(process.execPath, [script, JSON.stringify(order)], {
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let output = '';
      child.stdout.on('data', (chunk) => {
        output += chunk;
      });
      child.stderr.on('data', (chunk) => {
        output += chunk;
      });
      const [status, signal] = await once(child, 'exit');
      if (signal === 'SIGKILL') return null;
      if (status !== 0) throw new Error(output);
      return output;
    };
    const linkOf = async (person: Person): Promise<string> => {
      await survivor.mutate('requestPasswordReset', { email: person.email });
      return survivor.nextToken(person.email);
    };
    const whole = await attempt(0, await linkOf(await registerPerson(survivor)));
    const count = Number(/after (\d+) steps/.exec(whole ?? '')?.[1]);
    expect(count).toBeGreaterThan(8);

    // Right before the commit, and right after it.
    for (const [step, isDone] of [
      [count - 1, false],
      [count, true],
    ] as const) {
      const person = await registerPerson(survivor);
      const token = await linkOf(person);
      expect(await attempt(step, token)).toBeNull();
      const signIn = (password: string) =>
        survivor.mutate('login', { email: person.email, password });
      // PostgreSQL notices that the connection is gone and rolls back.
      await expect
        .poll(async () => (await signIn(isDone ? otherPassword : person.password)).__typename)
        .toBe('AuthTokens');
      const me = await survivor.send('{ me { id } }', {}, { token: person.accessToken });
      expect(me.data?.me?.id ?? null).toBe(isDone ? null : person.id);
      if (!isDone) {
        expect(
          await survivor.mutate('resetPassword', { token, newPassword: otherPassword }),
        ).toMatchObject({
          accepted: true,
        });
      }
      let notice = await survivor.nextMail(person.email);
      while (notice.subject !== 'Your password was reset')
        notice = await survivor.nextMail(person.email);
    }
  }, 300_000);
});
