import { existsSync, readFileSync } from 'node:fs';
import { buildSchema, type DocumentNode, Kind, parse, validate } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Administrator, makeAdministrator } from '../../../testing/administrators.ts';
import { startTestServer, type TestServer } from '../../../testing/app.ts';
import { totpCode } from '../../../testing/authenticator.ts';
import { onlyOperation } from './page/only-operation.ts';
import { tabs } from './page/tabs.ts';

const schemaFile = new URL('../../../../schema.graphql', import.meta.url);

describe('the tabs of GraphiQL', () => {
  it.skipIf(!existsSync(schemaFile))('use only fields of the schema', () => {
    const schema = buildSchema(readFileSync(schemaFile, 'utf8'), { assumeValidSDL: true });
    for (const tab of tabs) expect(validate(schema, parse(tab))).toEqual([]);
  });

  it('fit a narrow editor', () => {
    const lines = tabs.flatMap((tab) => tab.split('\n'));
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(52);
  });
});

// biome-ignore lint/suspicious/noExplicitAny: answers are of many shapes; see testing/client.ts.
type Result = any;

/** Who runs the operations of a tab, as the page keeps it. */
type Reader = { token: string | null; cookie?: string };

describe('every operation of every tab, in order', () => {
  let server: TestServer;
  const email = 'you@example.com';
  const ran = new Set<string>();

  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.stop());

  /** Runs one operation of a tab after filling in its empty values; answers with its field. */
  async function run(
    reader: Reader,
    operationName: string,
    values: Readonly<Record<string, string>> = {},
  ): Promise<Result> {
    const index = tabs.findIndex((tab) => operationsOf(parse(tab)).includes(operationName));
    return runIn(index, { reader, operationName, values });
  }

  async function runIn(
    index: number,
    asked: { reader: Reader; operationName: string; values?: Readonly<Record<string, string>> },
  ): Promise<Result> {
    const { reader, operationName, values = {} } = asked;
    const query = Object.entries(values).reduce(
      (text, [name, value]) => text.replaceAll(`${name}: ""`, `${name}: "${value}"`),
      tabs[index] ?? '',
    );
    const answer = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(reader.token === null ? {} : { authorization: `Bearer ${reader.token}` }),
        ...(reader.cookie ? { cookie: reader.cookie, origin: 'http://localhost:4000' } : {}),
      },
      body: JSON.stringify({ query: onlyOperation(query, operationName), operationName }),
    });
    const body = (await answer.json()) as Result;
    expect([operationName, body.errors]).toEqual([operationName, undefined]);
    ran.add(`${index} ${operationName}`);
    const result = Object.values(body.data)[0] as Result;
    expect([operationName, result?.code]).toEqual([operationName, undefined]);
    if (typeof result?.accessToken === 'string') reader.token = result.accessToken;
    return result;
  }

  it('leads from no account to a sign-in', async () => {
    const reader: Reader = { token: null };
    expect(await run(reader, 'Me')).toBeNull();
    const begun = await run(reader, 'Register');
    const code = await server.nextCode(email);
    await runIn(0, {
      reader,
      operationName: 'VerifyOtp',
      values: { challengeId: begun.id, code },
    });
    expect(await run(reader, 'Me')).toMatchObject({ email, emailVerified: true });
    reader.token = null;
    expect(await run(reader, 'Login')).toMatchObject({ user: { email } });
    const challenge = await run(reader, 'RequestLoginCode');
    expect(challenge).toMatchObject({ __typename: 'OtpChallenge', sentTo: 'y***@example.com' });
  });

  it('sets up an authenticator app, proves it, and takes it away', async () => {
    const reader: Reader = { token: null };
    await run(reader, 'Login');
    expect(await run(reader, 'SecondFactors')).toMatchObject({ totpEnabled: false });
    const { id, secret } = await run(reader, 'StartTotpEnrollment');
    const code = (): string => {
      server.clock.advance(30);
      return totpCode(secret, server.clock.now());
    };
    const confirmed = await run(reader, 'ConfirmTotpEnrollment', {
      enrollmentId: id,
      code: code(),
    });
    expect(confirmed.codes).toHaveLength(10);
    const challenge = await run(reader, 'Reauthenticate');
    expect(challenge.methods).toContain('TOTP');
    const values = { challengeId: challenge.id, code: code() };
    await runIn(1, { reader, operationName: 'VerifyOtp', values });
    expect((await run(reader, 'RegenerateRecoveryCodes')).codes).toHaveLength(10);
    expect(await run(reader, 'DisableTotp')).toEqual({
      __typename: 'AuthAccepted',
      accepted: true,
    });
  });

  it('shows, renews and ends sessions', async () => {
    const reader: Reader = { token: null };
    const other: Reader = { token: null };
    await run(reader, 'Login');
    await run(other, 'Login');
    const { edges } = (await run(reader, 'Sessions')).sessions;
    expect(edges.length).toBeGreaterThanOrEqual(2);
    expect((await run(reader, 'Activity')).securityEvents.edges[0].node.type).toBeTruthy();
    const stranger = edges.find(({ node }: Result) => !node.current).node;
    await run(reader, 'RevokeSession', { sessionId: stranger.id });

    const input = { email, password: 'velvet lantern orbit maple', tokenDelivery: 'COOKIE' };
    const { headers } = await server.send(
      'mutation ($input: LoginInput!) { login(input: $input) { __typename } }',
      { input },
      { headers: { origin: 'http://localhost:4000' } },
    );
    const cookie = headers.get('set-cookie')?.split(';')[0] ?? '';
    const page: Reader = { token: null, cookie };
    await run(page, 'RefreshSession');
    expect(page.token).not.toBeNull();
    expect(await run(page, 'Logout')).toMatchObject({ accepted: true });
  });

  it('administers', async () => {
    const admin: Administrator = await makeAdministrator(server);
    const reader: Reader = { token: admin.accessToken };
    expect((await run(reader, 'Administration')).edges[0].node.id).toBe(admin.id);
    expect((await run(reader, 'AuditTrail')).edges.length).toBe(10);
    const { id: userId } = await run(reader, 'CreateUser');
    expect(await run(reader, 'SetUserRoles', { userId })).toMatchObject({ roles: ['editor'] });
    expect(await run(reader, 'SuspendUser', { userId })).toMatchObject({ status: 'SUSPENDED' });
    await run(reader, 'ReinstateUser', { userId });
    expect(await run(reader, 'DeleteUser', { userId })).toMatchObject({ accepted: true });
  });

  it('was run', () => {
    const all = tabs.flatMap((tab, index) =>
      operationsOf(parse(tab)).map((name) => `${index} ${name}`),
    );
    expect([...ran].sort()).toEqual(all.sort());
  });
});

function operationsOf({ definitions }: DocumentNode): string[] {
  return definitions.flatMap((definition) =>
    definition.kind === Kind.OPERATION_DEFINITION ? [definition.name?.value ?? ''] : [],
  );
}
