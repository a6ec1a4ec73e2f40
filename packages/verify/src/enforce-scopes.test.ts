import { ApolloServer } from '@apollo/server';
import { buildSubgraphSchema } from '@apollo/subgraph';
import {
  buildSchema,
  type ExecutionResult,
  type GraphQLSchema,
  graphql,
  isObjectType,
  parse,
  subscribe,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import {
  accessCallers,
  accessMatrix,
  accessResolvers,
  accessTypes,
  decideInMatrix,
} from '../../../src/testing/access-matrix.ts';
import { accessDirectives, enforceScopes, ensureCaller } from './graphql.ts';
import { type Caller, maxAge, requireRole } from './index.ts';

type Context = { caller: Caller | null };
const callerOf = ({ caller }: Context) => caller;
const policies = { callerOf, decide: decideInMatrix };

type Resolvers = Record<string, Record<string, (...args: never[]) => unknown>>;
function schemaOf(types: string, resolvers: Resolvers): GraphQLSchema {
  const schema = buildSchema(accessDirectives + types);
  for (const [name, fields] of Object.entries(resolvers)) {
    const type = schema.getType(name);
    if (!isObjectType(type)) throw new Error(`There is no type ${name}.`);
    for (const [field, resolve] of Object.entries(fields))
      Object.assign(type.getFields()[field] ?? {}, { resolve });
  }
  return schema;
}

const ran: string[] = [];
const marked = enforceScopes(schemaOf(accessTypes, accessResolvers(ran)), policies);
const apollo = new ApolloServer<Context>({ schema: marked });

type Answer = Pick<ExecutionResult, 'data' | 'errors'>;
const servers: [string, (source: string, contextValue: Context) => Promise<Answer>][] = [
  ['graphql', (source, contextValue) => graphql({ schema: marked, source, contextValue })],
  [
    'Apollo Server',
    async (query, contextValue) => {
      const { body } = await apollo.executeOperation({ query }, { contextValue });
      if (body.kind !== 'single') throw new Error('The answer is in parts.');
      return JSON.parse(JSON.stringify(body.singleResult));
    },
  ],
];

describe.each(servers)('enforceScopes, in %s', (_name, execute) => {
  for (const [index, [name, caller]] of Object.entries(accessCallers).entries()) {
    it.each(accessMatrix)(`${name} asks %s`, async (source, cells, refusedAt) => {
      ran.length = 0;
      const { data, errors } = await execute(source, { caller });
      const cell = cells[index];
      const [root = ''] = refusedAt.split('.');
      if (cell === 'ok') {
        expect(errors).toBeUndefined();
        expect(JSON.stringify(data)).not.toContain('null');
        return;
      }
      const [error, ...others] = errors ?? [];
      expect(others).toEqual([]);
      expect(error?.extensions?.['code']).toBe(cell);
      expect(error?.path?.join('.')).toBe(refusedAt);
      expect(JSON.stringify(data)).toContain('null');
      expect(ran).toEqual(root === refusedAt ? [] : [root]);
    });
  }
});

/** The code that a caller's query is refused with, or the data. */
async function ask(schema: GraphQLSchema, source: string, caller: Caller | null): Promise<unknown> {
  const { data, errors } = await graphql({ schema, source, contextValue: { caller } });
  return errors ? errors.map(({ extensions, message }) => extensions['code'] ?? message) : data;
}
const [nobody = null, ada = null] = Object.values(accessCallers);
const read = accessCallers['one of an OR'] ?? null;

describe('directives', () => {
  const federated = (links: string, fields: string) =>
    buildSubgraphSchema({
      typeDefs: parse(`extend schema ${links} type Query { ${fields} }`),
      resolvers: { Query: { open: () => 'open', field: () => 'field' } },
    });
  const url = 'https://specs.apollo.dev/federation/v2.6';

  it.each([
    [`@link(url: "${url}", import: ["@authenticated"])`, '@authenticated'],
    [`@link(url: "${url}", import: [{ name: "@authenticated", as: "@auth" }])`, '@auth'],
    [`@link(url: "${url}")`, '@federation__authenticated'],
    [`@link(url: "${url}", as: "fed")`, '@fed__authenticated'],
  ])('are found in a subgraph with %s', async (link, directive) => {
    const subgraph = federated(link, `open: String field: String ${directive}`);
    const schema = enforceScopes(subgraph, { callerOf });
    expect(await ask(schema, '{ field }', nobody)).toEqual(['UNAUTHENTICATED']);
    expect(await ask(schema, '{ open }', nobody)).toEqual({ open: 'open' });
    expect(await ask(schema, '{ field }', ada)).toEqual({ field: 'field' });
  });

  it('are found where code-first libraries put them', async () => {
    for (const directives of [
      { requiresScopes: { scopes: [['read']] } },
      { requiresScopes: [{ scopes: ['read'] }] },
      [{ name: 'requiresScopes', args: { scopes: 'read' } }],
    ]) {
      const schema = schemaOf('type Query { field: String }', { Query: { field: () => 'field' } });
      Object.assign(schema.getQueryType()?.getFields()['field'] ?? {}, {
        extensions: { directives },
      });
      enforceScopes(schema, { callerOf });
      expect(await ask(schema, '{ field }', ada)).toEqual(['FORBIDDEN']);
      expect(await ask(schema, '{ field }', read)).toEqual({ field: 'field' });
    }
  });

  it('stop the start where they cannot be enforced', () => {
    const policed = schemaOf('type Query { field: String @policy(policies: [["staff"]]) }', {});
    expect(() => enforceScopes(policed, { callerOf })).toThrow('@policy of Query.field needs');
    const schema = schemaOf('type Query { field: String }', {});
    Object.assign(schema.getQueryType()?.getFields()['field'] ?? {}, {
      extensions: { directives: { requiresScopes: { scope: 'read' } } },
    });
    expect(() => enforceScopes(schema, { callerOf })).toThrow(TypeError);
  });
});

describe('decide', () => {
  const types = 'type Query { rows: [Row] } type Row { field: String @policy(policies: "staff") }';
  const rows = { Query: { rows: () => [{ field: 'a' }, { field: 'b' }] } };

  it('is asked once for a policy in an operation, and again in the next', async () => {
    const asked: string[] = [];
    const schema = enforceScopes(schemaOf(types, rows), {
      callerOf,
      decide: (policy, caller) => asked.push(`${policy} ${caller.userId}`) > 0,
    });
    const source = '{ rows { field other: field } }';
    expect(await ask(schema, source, ada)).toMatchObject({ rows: [{ field: 'a' }, {}] });
    expect(asked).toEqual(['staff ada']);
    const contextValue = { caller: ada };
    for (const _ of [1, 2]) await graphql({ schema, source, contextValue });
    expect(asked).toHaveLength(3);
    expect(await ask(schema, '{ rows { field } }', nobody)).toEqual([
      'UNAUTHENTICATED',
      'UNAUTHENTICATED',
    ]);
    expect(asked).toHaveLength(3);
  });

  it.each([
    ['what JavaScript takes for true', () => JSON.parse('1'), 'FORBIDDEN'],
    ['a promise of false', async () => false, 'FORBIDDEN'],
    [
      'a failure',
      () => {
        throw new Error('The database is away.');
      },
      'The database is away.',
    ],
  ])('refuses by %s', async (_name, decide, expected) => {
    const schema = enforceScopes(schemaOf(types, rows), { callerOf, decide });
    expect(await ask(schema, '{ rows { field } }', ada)).toEqual([expected, expected]);
  });
});

describe('scopesOf', () => {
  it('says what a role may do, in place of the claim', async () => {
    const types = 'type Query { field: String @requiresScopes(scopes: [["orders:read"]]) }';
    const schema = enforceScopes(schemaOf(types, { Query: { field: () => 'field' } }), {
      callerOf,
      scopesOf: ({ roles }) => (roles.includes('clerk') ? ['orders:read'] : []),
    });
    expect(await ask(schema, '{ field }', read)).toEqual(['FORBIDDEN']);
    const clerk = ada && { ...ada, roles: ['clerk'] };
    expect(await ask(schema, '{ field }', clerk)).toEqual({ field: 'field' });
  });
});

describe('a subscription', () => {
  it('is refused before it begins', async () => {
    let begun = 0;
    const types = 'type Query { a: Int } type Subscription { tick: Int @authenticated }';
    const schema = schemaOf(types, {});
    Object.assign(schema.getSubscriptionType()?.getFields()['tick'] ?? {}, {
      subscribe: async function* () {
        begun += 1;
        yield { tick: 1 };
      },
    });
    enforceScopes(schema, { callerOf });
    const begin = (caller: Caller | null) =>
      subscribe({ schema, document: parse('subscription { tick }'), contextValue: { caller } });
    expect(await begin(nobody)).toMatchObject({
      errors: [{ extensions: { code: 'UNAUTHENTICATED' } }],
    });
    expect(begun).toBe(0);
    const stream = await begin(ada);
    if (!(Symbol.asyncIterator in stream)) throw new Error('It is refused.');
    expect(await stream.next()).toMatchObject({ value: { data: { tick: 1 } } });
  });
});

describe('ensureCaller', () => {
  it('throws what a server answers, and returns the caller', () => {
    expect(() => ensureCaller(null)).toThrow(
      expect.objectContaining({ extensions: { code: 'UNAUTHENTICATED', reason: 'TOKEN_MISSING' } }),
    );
    expect(() => ensureCaller(ada, requireRole('admin'))).toThrow(
      expect.objectContaining({ extensions: { code: 'FORBIDDEN', reason: 'ROLE_MISSING' } }),
    );
    const old = ada && { ...ada, authenticatedAt: new Date(0) };
    expect(() => ensureCaller(old, maxAge(60))).toThrow(
      expect.objectContaining({
        extensions: { code: 'STEP_UP_REQUIRED', reason: 'AUTHENTICATION_TOO_OLD', maxAge: 60 },
      }),
    );
    expect(ensureCaller(ada, maxAge(60))).toBe(ada);
  });
});
