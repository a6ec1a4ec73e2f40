import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { type Person, registerPerson, signIn } from '../../testing/people.ts';
import { setRoles } from '../../testing/rows.ts';
import { recordAudit } from '../audit/record.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const fields = `edges { cursor node { id at type outcome actor { id email } subject { id email }
  ipAddress device requestId reason } }
  pageInfo { hasNextPage hasPreviousPage startCursor endCursor }`;

const ask = (person: Pick<Person, 'accessToken'> | null, args = '') =>
  server.send(
    `{ account { locale securityEvents${args} { ${fields} } } }`,
    {},
    person ? { token: person.accessToken } : {},
  );

type Edge = { cursor: string; node: { type: string; id: string } };

describe('account.securityEvents', () => {
  it('requires a signed-in user, and refuses an oversized page and an invalid cursor', async () => {
    expect((await ask(null)).errors[0]?.extensions.code).toBe('UNAUTHENTICATED');
    const person = await registerPerson(server);
    for (const args of [
      '(first: 0)',
      '(first: 101)',
      '(first: -1)',
      '(after: "nonsense")',
      '(after: "IA")',
    ]) {
      expect((await ask(person, args)).errors[0]?.extensions.code, args).toBe('BAD_USER_INPUT');
    }
  });

  it('lists the events of this account, and of no other', async () => {
    const person = await registerPerson(server);
    const other = await registerPerson(server);
    server.clock.advance(1);
    await server.mutate('login', { email: person.email, password: 'wrong wrong wrong' });
    server.clock.advance(1);
    const agent = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0';
    const login = { email: person.email, password: person.password };
    await server.mutate('login', login, { headers: { 'user-agent': agent } });
    const { data } = await ask(person);
    const nodes = data.account.securityEvents.edges.map(({ node }: Edge) => node);
    const types = nodes.map(({ type }: Edge['node']) => type);
    expect(types).toEqual(
      expect.arrayContaining([
        'account.registered',
        'email.verified',
        'login.failed',
        'session.opened',
      ]),
    );
    const failed = nodes.find(({ type }: Edge['node']) => type === 'login.failed');
    // The actor of a failed sign-in is unknown.
    expect(failed).toMatchObject({
      outcome: 'FAILURE',
      actor: null,
      ipAddress: '127.0.0.1',
      subject: { id: person.id },
    });
    const opened = nodes.find(({ type }: Edge['node']) => type === 'session.opened');
    expect(opened).toMatchObject({
      outcome: 'SUCCESS',
      device: 'Firefox on Linux',
      actor: { id: person.id },
    });
    expect(JSON.stringify(data)).not.toContain(other.id);
  });

  it('pages newest first, each event once', async () => {
    const person = await registerPerson(server);
    for (let round = 0; round < 5; round += 1) {
      server.clock.advance(1);
      await signIn(server, person);
    }
    const whole = (await ask(person, '(first: 100)')).data.account.securityEvents.edges;
    const seen: Edge[] = [];
    let after = '';
    for (;;) {
      const page = (await ask(person, `(first: 3${after})`)).data.account.securityEvents;
      seen.push(...page.edges);
      expect(page.pageInfo.hasPreviousPage).toBe(after !== '');
      if (!page.pageInfo.hasNextPage) break;
      after = `, after: "${page.pageInfo.endCursor}"`;
    }
    expect(seen).toEqual(whole);
    expect(new Set(seen.map(({ node }) => node.id)).size).toBe(seen.length);
    const times = whole.map(({ node }: { node: { at: string } }) => node.at);
    expect(times).toEqual([...times].sort().reverse());
  });

  it('hides the origin and the note of an administrator', async () => {
    const person = await registerPerson(server);
    const admin = await registerPerson(server);
    await setRoles(server, admin.id, ['admin']);
    const request = {
      id: 'r1',
      ipAddress: '203.0.113.7',
      networks: [{ name: '203.0.113.7', times: 1 }],
      userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0',
      acceptLanguage: null,
    };
    await recordAudit(
      { ...server.app, request, viewer: null },
      {
        db: server.app.db,
        type: 'user.roles_changed',
        outcome: 'SUCCESS',
        subjectId: person.id,
        actorId: admin.id,
        detail: { reason: 'told us on the phone' },
      },
    );
    const { data, text } = await ask(person);
    const event = data.account.securityEvents.edges.find(
      ({ node }: Edge) => node.type === 'user.roles_changed',
    );
    expect(event.node).toMatchObject({
      actor: { id: admin.id, email: null },
      ipAddress: null,
      device: null,
      reason: null,
    });
    expect(text).not.toContain('phone');
    expect(text).not.toContain(admin.email);
  });
});
