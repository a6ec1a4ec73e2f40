import { isIP } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { dump, dumpText } from '../../testing/dump.ts';
import { firefox, type Journey, liveThrough } from '../../testing/journey.ts';
import { registerPerson } from '../../testing/people.ts';
import { accountKey } from '../rate-limits/reserve.ts';

let server: TestServer;
let journey: Journey;
beforeAll(async () => {
  server = await startTestServer();
  journey = await liveThrough(server);
});
afterAll(() => server.stop());

type Line = Readonly<Record<string, unknown>>;
const securityLines = (): Line[] =>
  server.logLines
    .map((line): Line => JSON.parse(line))
    // Keys are rotated by a timer, outside of any request.
    .filter(
      (line) =>
        line['msg'] === 'security event' && !String(line['event']).startsWith('signing_key.'),
    );

/** Every event of this account, with its outcome and how often it happens. */
const expected: readonly (readonly [type: string, outcome: string, times: number])[] = [
  ['account.registered', 'SUCCESS', 1],
  ['account.register_repeated', 'FAILURE', 1],
  ['email.verified', 'SUCCESS', 1],
  ['login.failed', 'FAILURE', 2],
  ['otp.failed', 'FAILURE', 1],
  ['session.opened', 'SUCCESS', 5],
  ['device.new', 'SUCCESS', 2],
  ['password.change_failed', 'FAILURE', 1],
  ['password.changed', 'SUCCESS', 1],
  ['profile.updated', 'SUCCESS', 1],
  ['email.change_requested', 'SUCCESS', 1],
  ['email.changed', 'SUCCESS', 1],
  ['email.change_undone', 'SUCCESS', 1],
  ['password.reset_requested', 'SUCCESS', 1],
  ['password.reset_failed', 'FAILURE', 1],
  ['password.reset', 'SUCCESS', 1],
  ['refresh.reused', 'FAILURE', 1],
  ['account.exported', 'SUCCESS', 1],
  ['account.deleted', 'SUCCESS', 1],
];

describe('the security log and the audit trail', () => {
  it.each(expected)(
    'LG-1 %s is written, as %s, %d times, in the log and in the trail',
    async (type, outcome, times) => {
      const lines = securityLines().filter((line) => line['event'] === type);
      expect(lines.map((line) => line['outcome'])).toEqual(Array(times).fill(outcome));
      const rows =
        (await dump(server.app))['audit_events']?.filter((row) => row['type'] === type) ?? [];
      expect(rows.map((row) => row['outcome'])).toEqual(Array(times).fill(outcome));
    },
  );

  it('LG-1 records factors of sign-ins, reasons of ended sessions and reached limits', async () => {
    const methods = securityLines()
      .filter((line) => line['event'] === 'session.opened')
      .map((line) => z.object({ methods: z.string() }).parse(line['detail']).methods);
    expect(new Set(methods)).toEqual(new Set(['otp', 'pwd']));
    const reasons = securityLines()
      .filter((line) => line['event'] === 'session.closed')
      .map((line) => z.object({ reason: z.string() }).parse(line['detail']).reason);
    expect(reasons).toEqual(expect.arrayContaining(['credentials_changed', 'logout']));

    const strict = await startTestServer({ config: { rateLimitMultiplier: 1 } });
    try {
      for (let round = 0; round < 62; round += 1) {
        await strict.mutate('resetPassword', {
          token: 'nonsense',
          newPassword: 'copper willow thunder market',
        });
      }
      const reached = strict.logLines
        .map((line): Line => JSON.parse(line))
        .find((line) => line['event'] === 'limit.reached');
      expect(reached).toMatchObject({
        level: 'warn',
        budget: 'account-token:address',
        operation: 'Mutation.resetPassword',
        ipAddress: '127.0.0.1',
      });
    } finally {
      await strict.stop();
    }
  });

  it('LG-2 every line says when, who, from where, by which request and operation', () => {
    const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
    const schema = z.strictObject({
      level: z.literal('info'),
      time: z.iso.datetime(),
      event: z.string().regex(/^[a-z_]+\.[a-z_]+$/),
      outcome: z.enum(['SUCCESS', 'FAILURE']),
      requestId: z.string().regex(uuid),
      operation: z.string().regex(/^(?:Query|Mutation)\.[A-Za-z]+$/),
      userId: z.string().regex(uuid).nullable(),
      actorId: z.string().regex(uuid).nullable(),
      session: z
        .string()
        .regex(/^[0-9a-f]{16}$/)
        .nullable(),
      ipAddress: z.string().refine((text) => isIP(text) !== 0),
      userAgent: z.string().max(512).nullable(),
      detail: z
        .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))
        .optional(),
      msg: z.literal('security event'),
    });
    const lines = securityLines();
    expect(lines.length).toBeGreaterThan(25);
    for (const line of lines)
      expect(schema.safeParse(line).error, JSON.stringify(line)).toBeUndefined();
    expect(lines.some((line) => line['userAgent'] === firefox)).toBe(true);
    expect(lines.find((line) => line['event'] === 'password.changed')).toMatchObject({
      operation: 'Mutation.changePassword',
      userId: journey.id,
      actorId: journey.id,
    });
  });

  it('LG-2 truncates a User-Agent, and takes the operation’s name from the schema', async () => {
    const before = server.logLines.length;
    await server.send(
      'mutation Canary($i: LoginInput!) { alias: login(input: $i) { __typename } }',
      { i: { email: 'nobody@example.com', password: 'wrong wrong wrong' } },
      { headers: { 'user-agent': `x${'y'.repeat(3000)}` } },
    );
    const lines = server.logLines.slice(before).filter((line) => line.includes('login.failed'));
    const [line]: Line[] = lines.map((text) => JSON.parse(text));
    expect(line).toMatchObject({ operation: 'Mutation.login' });
    expect(String(line?.['userAgent'])).toHaveLength(512);
    expect(lines.join()).not.toMatch(/Canary|alias/);
  });

  it('LG-3 neither log nor trail contains a secret or an e-mail address', async () => {
    const rows = await dump(server.app);
    const trail = JSON.stringify([rows['audit_events'], rows['audit_origins']]);
    for (const secret of [...journey.secrets, ...journey.addresses]) {
      expect(server.logLines.join('\n')).not.toContain(secret);
      expect(trail).not.toContain(secret);
    }
  });

  it('LG-7 stores only a keyed hash of the address typed at a failed sign-in', async () => {
    const canary = 'my.secret.canary.pass1@example.com';
    await server.mutate('login', { email: canary, password: 'wrong wrong wrong' });
    await server.mutate('requestPasswordReset', { email: canary });
    const text = await dumpText(server.app);
    const key = accountKey(server.app, canary).toString('hex');
    expect(text).not.toMatch(/canary\.pass1/i);
    expect(server.logLines.join('\n')).not.toMatch(/canary\.pass1/i);
    const rows = (await dump(server.app))['audit_origins'] ?? [];
    expect(rows.filter((row) => row['accountKey'] === key)).toHaveLength(2);
    // Input that is no address at all, such as a password, is refused before anything is written.
    const before = server.logLines.length;
    await server.mutate('login', {
      email: 'canary-password-not-an-address',
      password: 'wrong wrong wrong',
    });
    expect(server.logLines.slice(before).join()).not.toContain('canary');
    expect(await dumpText(server.app)).not.toContain('canary-password');
  });

  it('LG-7 erases that hash with the user', async () => {
    const person = await registerPerson(server);
    await server.mutate('login', { email: person.email, password: 'wrong wrong wrong' });
    const key = accountKey(server.app, person.email).toString('hex');
    expect(JSON.stringify((await dump(server.app))['audit_origins'])).toContain(key);
    await server.mutate(
      'deleteAccount',
      { confirmEmail: person.email },
      { token: person.accessToken },
    );
    expect(JSON.stringify((await dump(server.app))['audit_origins'])).not.toContain(key);
  });
});
