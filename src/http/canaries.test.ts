import { connect } from 'node:net';
import type postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MailboxEntry } from '../mail/mailer.ts';
import { codeIn, linkTokenIn, startTestServer, type TestServer, tokenIn } from '../testing/app.ts';
import { type Answer, type MutationName, mutationText, send } from '../testing/client.ts';
import { forge, partsOf } from '../testing/forged-tokens.ts';
import { dumpTables, rawSql, spellings } from '../testing/raw-sql.ts';

/** What a mail delivers: a code, and the contents of its link. */
function broughtBy(mail: MailboxEntry): string[] {
  return [codeIn(mail), tokenIn(mail), linkTokenIn(mail)].filter(
    (value) => typeof value === 'string',
  );
}

/** Where a value may be stored, as `table.column`; everywhere else is a leak. */
type Places = readonly string[];
const nowhere: Places = [];

describe('secrets that are planted in every input', () => {
  let server: TestServer;
  let sql: postgres.Sql;
  /** Each planted value with its allowed places, and whether an answer is one of them. */
  const planted = new Map<string, { places: Places; answered: boolean }>();
  const answers: string[] = [];

  const plant = (value: string, places: Places = nowhere, answered = false): string => {
    planted.set(value, { places, answered });
    return value;
  };
  const canary = (name: string, places: Places = nowhere): string =>
    plant(`canary-${name}-${planted.size}-xyzzy`, places);

  beforeAll(async () => {
    server = await startTestServer({
      config: { logLevel: 'trace', gatewayToken: plant('canary-gateway-token-0123456789-abcdef') },
    });
    sql = rawSql(server);
  });
  afterAll(async () => {
    await sql.end();
    await server.stop();
  });

  /** Every header that a client, a browser or a proxy may send. */
  const hostileHeaders = (): Record<string, string> => ({
    'user-agent': canary('user-agent', ['audit_origins.user_agent']),
    cookie: `latchkey=${canary('cookie')}; other=${canary('cookie')}`,
    referer: `https://${canary('referer')}.example/`,
    'x-forwarded-for': canary('forwarded'),
    'x-real-ip': canary('real-ip'),
    'x-request-id': canary('request-id'),
    'x-gateway-token': canary('gateway'),
    'accept-language': canary('language'),
    'x-anything': canary('header'),
    origin: 'http://localhost:3000',
  });
  const call = async (
    name: MutationName,
    input: Record<string, unknown>,
    sender: { token?: string } = {},
  ): Promise<Answer> => {
    const answer = await server.send(
      mutationText(name),
      { input },
      { ...sender, headers: hostileHeaders() },
    );
    answers.push(answer.text);
    return answer;
  };
  const raw = async (path: string, init: RequestInit): Promise<void> => {
    const response = await fetch(`${server.url}${path}`, init);
    answers.push(await response.text(), JSON.stringify([...response.headers]));
  };
  const registered = async () => {
    const local = canary('mailbox', [
      'users.email',
      'users.email_canonical',
      'otp_challenges.email',
      'account_tokens.email',
      'mails.to',
    ]);
    const email = `${local}@example.com`;
    const password = canary('velvet otter gravel password');
    // A mail greets the user by name.
    const named = ['users.name', 'otp_challenges.pending_name', 'mails.text', 'mails.html'];
    const name = canary('name', named).slice(0, 90);
    const begun = await call('register', { email, password, name });
    const challenge = begun.data.register;
    plant(challenge.id, nowhere, true);
    const code = await server.nextCode(email);
    return { email, password, name, challenge, code };
  };

  it('run through use, mistakes, attacks and outages', { timeout: 300_000 }, async () => {
    // Use.
    const ada = await registered();
    await call('verifyOtp', { challengeId: ada.challenge.id, code: '000000' });
    const tokens = (await call('verifyOtp', { challengeId: ada.challenge.id, code: ada.code })).data
      .verifyOtp;
    for (const value of [tokens.accessToken, tokens.accessToken.split('.')[2], tokens.refreshToken])
      plant(value, nowhere, true);
    const refreshed = (await call('refreshSession', { refreshToken: tokens.refreshToken })).data
      .refreshSession;
    for (const value of [refreshed.accessToken, refreshed.refreshToken])
      plant(value, nowhere, true);
    const signedIn = (await call('login', { email: ada.email, password: ada.password })).data.login;
    for (const value of [signedIn.accessToken, signedIn.refreshToken]) plant(value, nowhere, true);
    const asked = (await call('requestLoginCode', { email: ada.email })).data.requestLoginCode;
    plant(asked.id, nowhere, true);
    server.clock.advance(31);
    await call('resendOtp', { challengeId: asked.id });
    await call('requestPasswordReset', { email: ada.email });
    const link = plant(await server.nextToken(ada.email));
    await call('resetPassword', {
      token: `${link}x`,
      newPassword: canary('velvet otter gravel wrong link'),
    });
    await call('register', {
      email: ada.email,
      password: canary('velvet otter gravel again'),
      name: canary('name-again'),
    });

    // A mail that says where the sign-in came from.
    const bob = await registered();
    const own = (await call('verifyOtp', { challengeId: bob.challenge.id, code: bob.code })).data
      .verifyOtp;
    for (const value of [own.accessToken, own.refreshToken]) plant(value, nowhere, true);
    const gone = await call(
      'deleteAccount',
      { confirmEmail: bob.email },
      { token: own.accessToken },
    );
    expect(gone.data.deleteAccount).toMatchObject({ __typename: 'AuthAccepted' });

    // Mistakes: a password in every other field, and every other field's value in the password's.
    for (const secret of [ada.password, tokens.refreshToken, tokens.accessToken]) {
      await call('login', { email: secret, password: ada.email });
      await call('login', { email: ada.email, password: `${secret}!`.slice(0, 256) });
      await call('register', { email: secret, password: secret, name: secret });
      await call('requestLoginCode', { email: `${secret.slice(0, 40)}@example.com` });
      await call('verifyOtp', { challengeId: secret, code: secret });
      await call('resendOtp', { challengeId: secret });
      await call('refreshSession', {
        refreshToken: secret === tokens.refreshToken ? `${secret}x` : secret,
      });
    }
    await call('login', { email: canary('no-address'), password: canary('password') });
    await call('login', {
      email: `${canary('unknown')}@example.com`,
      password: canary('password'),
    });
    await call('register', {
      email: `${canary('weak')}@example.com`,
      password: 'password1',
      name: canary('name'),
    });
    await call('verifyOtp', { challengeId: canary('challenge'), code: '123456' });
    await call('logout', { refreshToken: canary('refresh') });

    // Invalid shapes, over both transports.
    const asText = 'mutation L($input: LoginInput!) { login(input: $input) { __typename } }';
    for (const input of [
      canary('text'),
      { emial: canary('typo'), password: canary('password') },
      { email: { [canary('key')]: canary('value') }, password: [canary('list')] },
      { email: canary('email'), password: canary('password'), tokenDelivery: canary('enum') },
    ]) {
      answers.push(
        (await server.send(asText, { input, [canary('variable')]: canary('value') })).text,
      );
    }
    for (const document of [
      `mutation { login(input: {email: "${canary('literal')}", ` +
        `password: "${canary('literal')}"}) { __typename } }`,
      `mutation { login(input: "${canary('literal')}") { __typename } }`,
      `mutation { login(input: {email: "${canary('literal')}" ` +
        `password "${canary('literal')}"}) { __typename } }`,
      `mutation { login(input: {email: "a@example.com", password: """${canary('block')}"""}) ` +
        `{ __typename } } # ${canary('comment')}`,
      `query { me { id } } "${canary('description')}"`,
    ]) {
      answers.push((await server.send(document)).text);
    }

    // Other endpoints.
    const query = encodeURIComponent(
      `{ authOptions(x: "${canary('url-literal')}") { otpLength } }`,
    );
    await raw(
      `/graphql?query=${query}&variables=` +
        `${encodeURIComponent(JSON.stringify({ a: canary('url-variable') }))}`,
      {
        headers: { 'apollo-require-preflight': '1' },
      },
    );
    await raw(`/${canary('path')}?token=${canary('query')}`, {});
    await raw(`/verify?token=${canary('query')}`, {
      headers: { authorization: `Bearer ${canary('bearer')}` },
    });
    await raw('/verify', {
      headers: { authorization: `Basic ${Buffer.from(`u:${canary('basic')}`).toString('base64')}` },
    });
    await raw('/oauth/introspect', {
      method: 'POST',
      headers: { authorization: `Bearer ${canary('service')}` },
      body: new URLSearchParams({ token: canary('form') }),
    });
    await raw('/oauth/introspect', {
      method: 'POST',
      headers: { authorization: 'Bearer canary-gateway-token-0123456789-abcdef' },
      body: new URLSearchParams({ token: signedIn.accessToken }),
    });
    await raw('/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: `{"query": "${canary('broken')}`,
    });
    await raw('/graphql', {
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body: canary('plain'),
    });
    await raw('/graphql', {
      method: 'POST',
      headers: { 'content-type': canary('media') },
      body: canary('body'),
    });

    // Unknown tokens.
    const real = partsOf(signedIn.accessToken);
    const key = server.app.keyRing.signing().privateKey;
    for (const token of [
      canary('bearer'),
      forge({ header: { ...real.header, kid: canary('kid') }, payload: real.payload }, key),
      forge(
        {
          header: real.header,
          payload: { ...real.payload, sub: canary('sub'), jti: canary('jti') },
        },
        key,
      ),
      forge(
        { header: real.header, payload: { ...real.payload, exp: 1, note: canary('claim') } },
        key,
      ),
    ]) {
      plant(token);
      answers.push(
        (await server.send('{ me { id } }', {}, { token, headers: hostileHeaders() })).text,
      );
    }

    // Outages: a missing table fails with a statement full of parameters, a damaged row with its
    // contents.
    await sql`alter table outbox_messages rename to outbox_messages_gone`;
    await call('register', {
      email: `${canary('fault')}@example.com`,
      password: canary('velvet otter gravel fault'),
      name: canary('name'),
    });
    await call('requestLoginCode', { email: ada.email });
    await sql`alter table outbox_messages_gone rename to outbox_messages`;
    await sql`alter table sessions rename to sessions_gone`;
    await call('login', { email: ada.email, password: ada.password });
    await call('refreshSession', { refreshToken: refreshed.refreshToken });
    answers.push(
      (
        await server.send(
          `query ${'Operation'.repeat(200)} { me { id } }`,
          {},
          { token: signedIn.accessToken },
        )
      ).text,
    );
    await sql`alter table sessions_gone rename to sessions`;
    await sql`update users set password_hash = ${canary('hash', ['users.password_hash'])}
      where email = ${ada.email}`;
    await call('login', { email: ada.email, password: ada.password });

    expect(planted.size).toBeGreaterThan(300);
    expect(answers.filter((answer) => answer.includes('INTERNAL_SERVER_ERROR'))).toHaveLength(5);
    expect(server.logLines.filter((line) => line.includes('A request failed.'))).toHaveLength(5);
  });

  it('LG-3 LG-4 no secret is in the log', () => {
    // The client's address and agent belong into the log (LG-2), cut and otherwise as they were
    // sent.
    const lines = server.logLines.map((line) =>
      JSON.stringify({ ...JSON.parse(line), ipAddress: null, userAgent: null }),
    );
    const log = lines.join('');
    expect(lines.length).toBeGreaterThan(15);
    const found = [...planted.keys()].filter((value) =>
      spellings(value).some((spelling) => log.includes(spelling)),
    );
    expect(found).toEqual([]);
    expect(log).not.toMatch(/canary|xyzzy|@example\.com|insert into|"variables"|mutation \{/i);
  });

  it('LG-3 names of operations are cut short', () => {
    const named = server.logLines
      .map((line) => JSON.parse(line))
      .filter((line) => typeof line.operationName === 'string');
    expect(named.length).toBeGreaterThan(0);
    for (const line of named) expect(line.operationName.length).toBeLessThanOrEqual(64);
  });

  it('LG-3 DP-2 no secret is in the database, except where it belongs', async () => {
    const lines = await dumpTables(sql);
    expect(lines.length).toBeGreaterThan(20);
    const leaks: string[] = [];
    for (const line of lines) {
      const table = line.slice(0, line.indexOf(':'));
      const row: Record<string, unknown> = JSON.parse(line.slice(table.length + 2));
      for (const [column, content] of Object.entries(row)) {
        const text = JSON.stringify(content);
        for (const [value, { places }] of planted) {
          if (places.includes(`${table}.${column}`)) continue;
          if (spellings(value).some((spelling) => text.includes(spelling)))
            leaks.push(`${value} in ${table}.${column}`);
        }
      }
    }
    expect(leaks).toEqual([]);
  });

  it('LG-3 no secret is in a mail, except the code or link that it delivers', async () => {
    const waiting = async (): Promise<number | undefined> => {
      server.app.wakeOutbox();
      const [row] = await sql<{ rows: number }[]>`
        select count(*)::int as rows from outbox_messages
        where sent_at is null and failed_at is null`;
      return row?.rows;
    };
    await expect.poll(waiting, { timeout: 60_000 }).toBe(0);
    const mails = server.mailbox.list();
    expect(new Set(mails.map(({ subject }) => subject)).size).toBeGreaterThanOrEqual(4);
    // The mailbox keeps the newest 200.
    expect(mails.length).toBeLessThan(200);
    const brought = mails.flatMap(broughtBy);
    expect(mails.filter(({ text }) => text.includes('127.0.0.0/24'))).toHaveLength(1);
    expect(brought.filter((value) => planted.has(value))).toHaveLength(1);
    expect(brought.filter((value) => value.length === 43).length).toBeGreaterThanOrEqual(5);
    expect(brought.filter((value) => /^\d{6}$/.test(value)).length).toBeGreaterThanOrEqual(3);

    const leaks: string[] = [];
    for (const mail of mails) {
      const own = broughtBy(mail);
      for (const [field, content] of Object.entries(mail)) {
        const isBody = field === 'text' || field === 'html';
        for (const value of new Set([...planted.keys(), ...brought])) {
          if (
            planted.get(value)?.places.includes(`mails.${field}`) ||
            (isBody && own.includes(value))
          )
            continue;
          if (spellings(value).some((spelling) => content.includes(spelling)))
            leaks.push(`${value} in mails.${field}`);
        }
      }
    }
    expect(leaks).toEqual([]);
  });

  it('LG-3 the audit trail contains no address of a person and no secret', async () => {
    const rows = await sql<{ type: string; text: string }[]>`
      select type, to_jsonb(a)::text as text from audit_events a
      union all select 'origin', (to_jsonb(o) - 'user_agent')::text from audit_origins o`;
    expect(new Set(rows.map((row) => row.type)).size).toBeGreaterThanOrEqual(5);
    for (const { text } of rows) expect(text).not.toMatch(/canary|xyzzy|@/i);
  });

  it('LG-3 GQ-9 GQ-11 no secret is in an answer, except tokens issued to that caller', () => {
    const leaks: string[] = [];
    for (const [value, { answered }] of planted) {
      // An address is returned to its owner, and the masked one to the caller who typed it.
      if (answered || /^canary-(mailbox|name|user-agent)-/.test(value)) continue;
      if (answers.some((answer) => spellings(value).some((spelling) => answer.includes(spelling))))
        leaks.push(value);
    }
    // Parts of a document outside its literals are quoted in errors: names of fields and variables.
    expect(leaks.filter((value) => !/^canary-(variable|key)-/.test(value))).toEqual([]);
    expect(answers.join('')).not.toMatch(
      /Failed query|params:|relation "|42P01|\/src\/|node_modules/,
    );
  });
});

describe('input that would forge log lines', () => {
  let server: TestServer;
  let sql: postgres.Sql;
  beforeAll(async () => {
    server = await startTestServer({ config: { logLevel: 'trace' } });
    sql = rawSql(server);
  });
  afterAll(async () => {
    await sql.end();
    await server.stop();
  });

  const forged = '{"level":"info","msg":"forged"}';
  const texts = [
    `a\r\n${forged}`,
    `a\n${forged}\n`,
    `\u001b[2J${forged}`,
    `a\u2028${forged}`,
    `\u0085${forged}`,
    `"}\n${forged}`,
  ];
  const bytes = (lines: readonly string[]): Promise<void> => {
    const { hostname, port } = new URL(server.url);
    return new Promise((resolve, reject) => {
      const socket = connect(Number(port), hostname, () =>
        socket.end(Buffer.from(lines.join('\r\n'), 'latin1')),
      );
      socket.on('close', () => resolve()).on('error', reject);
      socket.resume();
    });
  };

  it('LG-5 writes one valid JSON object a line, whatever a request contains', {
    timeout: 300_000,
  }, async () => {
    // Server errors are logged with parts of the request.
    await sql`alter table sessions rename to sessions_gone`;
    const real = await server.mutate('register', {
      email: 'a@example.com',
      password: 'otter lantern gravel sunday',
    });
    const { privateKey, kid } = server.app.keyRing.signing();
    const now = Math.floor(server.clock.now().getTime() / 1000);
    const payload = {
      iss: 'http://localhost:4000',
      aud: 'http://localhost:4000',
      sub: '0190a0a0-0000-7000-8000-000000000000',
      sid: '0190a0a0-0000-7000-8000-000000000000',
      jti: 'x',
      iat: now,
      exp: now + 60,
    };
    for (const text of texts) {
      for (const name of ['register', 'login', 'requestLoginCode'] as const) {
        await server.mutate(name, { email: text, password: text, name: text });
        await server.mutate(
          name,
          name === 'requestLoginCode'
            ? { email: text }
            : { email: `${text}@example.com`, password: text },
        );
      }
      await server.mutate('verifyOtp', { challengeId: text, code: text });
      await server.mutate('refreshSession', { refreshToken: text });
      for (const header of [{ kid: text }, { kid, typ: text }, { kid, note: text }]) {
        const token = forge(
          { header: { alg: 'ES256', typ: 'JWT', ...header }, payload: { ...payload, note: text } },
          privateKey,
        );
        await server.send('{ me { id } }', {}, { token });
      }
      await send(
        server.url,
        `query Forged { me { id } }`,
        {},
        { headers: { 'user-agent': text.replace(/[^\u0020-\u007e]/g, ' ') } },
      );
      await fetch(`${server.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          query: 'query A { me { id } } query B { __typename }',
          operationName: text,
        }),
      });
      await fetch(`${server.url}/${encodeURIComponent(text)}`);
      await bytes([`GET /${text} HTTP/1.1`, 'Host: localhost', '', '']);
      await bytes([
        'POST /graphql HTTP/1.1',
        'Host: localhost',
        `User-Agent: ${text}`,
        'Content-Length: 0',
        '',
        '',
      ]);
      await bytes([
        'GET /verify HTTP/1.1',
        'Host: localhost',
        `X-Request-Id: ${text}`,
        `Authorization: Bearer ${text}`,
        '',
        '',
      ]);
    }
    expect(real.__typename).toBe('OtpChallenge');
    expect(server.logLines.length).toBeGreaterThanOrEqual(8);
    for (const line of server.logLines) {
      expect(line.endsWith('}\n')).toBe(true);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: the test looks for them.
      expect(line.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
      expect(JSON.parse(line).msg).not.toBe('forged');
      expect(line).not.toContain('forged');
    }
  });
});
