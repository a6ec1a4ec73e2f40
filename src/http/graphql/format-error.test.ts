import { GraphQLError } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { users } from '../../db/tables/users.ts';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { formatError, kindOf } from './format-error.ts';

const canary = 'CANARY-horse-battery';
const asked = 'mutation L($input: LoginInput!) { login(input: $input) { __typename } }';

/**
 * Introspection off, as in production, and on, as in development: neither may disclose more than
 * the caller knew.
 */
describe.each([true, false])(
  'GQ-8 GQ-9 answers to invalid requests, introspection %s',
  (introspection) => {
    let server: TestServer;
    beforeAll(async () => {
      server = await startTestServer({ config: { introspection } });
    });
    afterAll(() => server.stop());

    it.each([
      ['a mistyped key', { emial: canary, password: canary }],
      ['a key too many', { email: 'a@example.com', password: canary, role: canary }],
      ['an object for a text', { email: 'a@example.com', password: { secret: canary } }],
      ['a list for a text', { email: [canary], password: canary }],
      [
        'a value that the enum lacks',
        { email: 'a@example.com', password: canary, tokenDelivery: canary },
      ],
      ['a text for the object', canary],
      ['null for a field', { email: null, password: canary }],
    ])('GQ-9 a variable with %s is refused without the value', async (_name, input) => {
      const answer = await server.send(asked, { input });
      expect(answer.status).toBe(400);
      expect(answer.data).toBeNull();
      expect(answer.errors.map((error) => error.extensions.code)).toContain('BAD_USER_INPUT');
      expect(answer.text).not.toContain('CANARY');
    });

    it.each([
      ['a number beside it', `{ email: 12, password: "${canary}" }`],
      ['a text for the object', `"${canary}"`],
      [
        'a value that the enum lacks',
        `{ email: "a@example.com", password: "x", tokenDelivery: "${canary}" }`,
      ],
      [
        'no quotes around it',
        `{ email: "a@example.com", password: ${canary.replaceAll('-', '_')} }`,
      ],
      ['a colon forgotten', `{ email: "a@example.com", password "${canary}" }`],
      ['a bracket forgotten', `{ email: "a@example.com", password: "${canary}"`],
      ['a quote forgotten', `{ email: "a@example.com", password: "${canary} }`],
      ['a block text at a wrong place', `{ """${canary}""" }`],
      ['an escape that is none', `{ email: "a@example.com", password: "\\${canary}" }`],
    ])('GQ-9 a literal with %s is refused without the value', async (_name, literal) => {
      const answer = await server.send(`mutation { login(input: ${literal}) { __typename } }`);
      expect(answer.status).toBe(400);
      expect(['GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED']).toContain(
        answer.errors[0]?.extensions.code,
      );
      expect(answer.text).toContain('"locations"');
      expect(answer.text).not.toContain('CANARY');
    });

    it('GQ-9 an argument that is invalid at execution is refused without its value', async () => {
      const nullInside =
        'mutation M($e: String = "a@example.com") ' +
        `{ login(input: { email: $e, password: "${canary}" }) { __typename } }`;
      const nullWhole =
        `mutation M($i: LoginInput = { email: "a@example.com", password: "${canary}" }) ` +
        '{ login(input: $i) { __typename } }';
      for (const [query, variables] of [
        [nullInside, { e: null }],
        [nullWhole, { i: null }],
      ] as const) {
        const answer = await server.send(query, variables);
        expect(answer.errors[0]?.extensions.code).toBe('BAD_USER_INPUT');
        expect(answer.data).toBeNull();
        expect(answer.text).not.toContain('CANARY');
      }
    });

    it.each([
      ['a field', '{ me { emial } }', {}],
      ['a root field', 'mutation { logni { __typename } }', {}],
      ['an argument', 'mutation { login(inptu: 1) { __typename } }', {}],
      ['a type', 'mutation L($input: LoginInputt!) { login(input: $input) { __typename } }', {}],
      [
        'a type of a fragment',
        'mutation { login(input: {email: "", password: ""}) { ... on AuthTokenss ' +
          '{ user { id } } } }',
        {},
      ],
      ['a directive', '{ me { id @skp(if: true) } }', {}],
      [
        'a key of a literal',
        'mutation { login(input: { emial: "a", email: "a", password: "b" }) { __typename } }',
        {},
      ],
      [
        'an enum literal',
        'mutation { login(input: { email: "a", password: "b", tokenDelivery: BODYY }) ' +
          '{ __typename } }',
        {},
      ],
      ['a key of a variable', asked, { input: { emial: 'a', email: 'a', password: 'b' } }],
      ['an enum variable', asked, { input: { email: 'a', password: 'b', tokenDelivery: 'BODYY' } }],
    ])(
      'GQ-8 a typing error in %s is answered without a suggestion',
      async (_name, query, variables) => {
        const answer = await server.send(query, variables);
        expect(answer.status).toBe(400);
        expect(answer.errors.length).toBeGreaterThan(0);
        expect(answer.text).not.toMatch(/did you mean|suggest/i);
        expect(
          answer.errors.every((error) => error.extensions.code !== 'INTERNAL_SERVER_ERROR'),
        ).toBe(true);
      },
    );

    it('a subscription is told that there are none', async () => {
      const answer = await server.send('subscription { anything }');
      expect(answer.errors[0]).toMatchObject({
        message: 'There are no operations of this kind.',
        extensions: { code: 'GRAPHQL_VALIDATION_FAILED' },
      });
    });

    it('AV-7 mistakes of callers are not logged: anyone could fill the log', () => {
      expect(server.logLines.filter((line) => /"level":"(error|fatal|warn)"/.test(line))).toEqual(
        [],
      );
      expect(server.logLines.join('')).not.toContain('CANARY');
    });
  },
);

describe('our own and database errors', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.stop());

  const violation = async (): Promise<unknown> => {
    const row = {
      id: '01900000-0000-7000-8000-00000000000a',
      email: canary,
      emailCanonical: canary,
      createdAt: new Date(),
    };
    await server.database.database.db.insert(users).values(row).onConflictDoNothing();
    return server.database.database.db
      .insert(users)
      .values(row)
      .then(
        () => null,
        (error: unknown) => error,
      );
  };

  it('GQ-11 a unique violation shows neither SQL, parameters nor SQLSTATE', async () => {
    const error = await violation();
    expect(error).toBeInstanceOf(Error);
    expect(String(error)).toContain(canary);
    const cause = error instanceof Error ? error : new Error();
    const wrapped = [
      error,
      new GraphQLError(cause.message, { originalError: cause }),
      new GraphQLError(cause.message, { originalError: cause, path: ['login'] }),
      new GraphQLError(cause.message, {
        originalError: new GraphQLError(cause.message, { originalError: cause }),
      }),
      new GraphQLError(cause.message, {
        originalError: cause,
        extensions: { code: 'BAD_USER_INPUT' },
      }),
    ];
    for (const each of wrapped) {
      const formatted = new GraphQLError(cause.message, {
        extensions: { code: 'INTERNAL_SERVER_ERROR' },
      }).toJSON();
      const answer = formatError(
        { ...formatted, ...(each instanceof GraphQLError ? each.toJSON() : {}) },
        each,
      );
      expect(answer.extensions).toEqual({ code: 'INTERNAL_SERVER_ERROR' });
      expect(JSON.stringify(answer)).not.toMatch(/CANARY|Failed query|params|23505|users/);
      expect(kindOf(each)).toBe('fault');
    }
  });

  it.each([
    ['a bare error', new Error(canary)],
    [
      'an error with a code of its own',
      Object.assign(new Error(canary), {
        code: 'E_CANARY',
        extensions: { code: 'BAD_USER_INPUT' },
      }),
    ],
    [
      'a GraphQL error with a code that is not on the list',
      new GraphQLError(canary, { extensions: { code: 'CANARY' } }),
    ],
    ['a GraphQL error without a code', new GraphQLError(canary)],
    ['something that is no error', canary],
  ])('GQ-11 %s is masked, and counts as a fault to log', (_name, error) => {
    const answer = formatError(
      { message: canary, extensions: { code: 'CANARY', stacktrace: [canary] } },
      error,
    );
    expect(answer).toEqual({
      message: 'Something went wrong on the server.',
      extensions: { code: 'INTERNAL_SERVER_ERROR' },
    });
    expect(kindOf(error)).toBe('fault');
  });
});
