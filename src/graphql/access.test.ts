import type { GraphQLField, GraphQLInputType } from 'graphql';
import {
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
} from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { administrativeFields } from '../testing/administrators.ts';
import { startTestServer, type TestServer } from '../testing/app.ts';
import { type Person, registerPerson, signIn } from '../testing/people.ts';
import { setRoles, suspendUser } from '../testing/rows.ts';
import { gatewayFields, publicFields, staleBearerFields } from './access.ts';
import { guardFields } from './guard-fields.ts';
import { authSchema } from './schema.ts';

/**
 * A second copy of the reviewed list: making a root field public takes a change in two places.
 * `_entities` and `_service` are missing because gateways authenticate with their own credential.
 */
const reviewed: readonly string[] = [
  'Query.me',
  'Query.authOptions',
  'Mutation.register',
  'Mutation.login',
  'Mutation.requestLoginCode',
  'Mutation.verifyOtp',
  'Mutation.requestPasskeyLogin',
  'Mutation.verifyPasskey',
  'Mutation.startIdentityLogin',
  'Mutation.completeIdentityLogin',
  'Mutation.requestIdTokenNonce',
  'Mutation.loginWithIdToken',
  'Mutation.verifyLink',
  'Mutation.resendOtp',
  'Mutation.refreshSession',
  'Mutation.logout',
  'Mutation.requestPasswordReset',
  'Mutation.resetPassword',
  'Mutation.undoEmailChange',
];

type Root = {
  readonly coordinate: string;
  readonly kind: 'query' | 'mutation';
  readonly field: GraphQLField<unknown, unknown>;
};

const schema = authSchema();
const roots: Root[] = [
  ...Object.values(schema.getQueryType()?.getFields() ?? {}).map((field) => ({
    coordinate: `Query.${field.name}`,
    kind: 'query' as const,
    field,
  })),
  ...Object.values(schema.getMutationType()?.getFields() ?? {}).map((field) => ({
    coordinate: `Mutation.${field.name}`,
    kind: 'mutation' as const,
    field,
  })),
];

/** A value that is valid for the type, so that only the access check can refuse the call. */
function valueFor(type: GraphQLInputType): unknown {
  if (isNonNullType(type)) return valueFor(type.ofType);
  if (isListType(type)) return [valueFor(type.ofType)];
  if (isEnumType(type)) return type.getValues()[0]?.name;
  if (isInputObjectType(type)) {
    const required = Object.values(type.getFields()).filter((field) => isNonNullType(field.type));
    return Object.fromEntries(required.map((field) => [field.name, valueFor(field.type)]));
  }
  const values: Readonly<Record<string, unknown>> = {
    Boolean: true,
    Int: 1,
    Float: 1,
    JSONObject: {},
  };
  // Object scalars such as federation's `_Any`.
  if (type.name.startsWith('_'))
    return { __typename: 'User', id: '0190a0a0-0000-7000-8000-000000000000' };
  return values[type.name] ?? '0190a0a0-0000-7000-8000-000000000000';
}

/** The shortest operation that calls a root field, with every required argument as a variable. */
function callOf({ kind, field }: Root): { query: string; variables: Record<string, unknown> } {
  const needed = field.args.filter((argument) => isNonNullType(argument.type));
  const declared = needed.map(({ name, type }) => `$${name}: ${String(type)}`).join(', ');
  const passed = needed.map(({ name }) => `${name}: $${name}`).join(', ');
  const named = getNamedType(field.type);
  const selection = 'getFields' in named || 'getTypes' in named ? ' { __typename }' : '';
  const call = `${field.name}${passed && `(${passed})`}${selection}`;
  const query = `${kind}${declared && `(${declared})`} { ${call} }`;
  return {
    query,
    variables: Object.fromEntries(needed.map(({ name, type }) => [name, valueFor(type)])),
  };
}

describe('root fields', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.stop());

  it('AZ-1 are public only if the reviewed list names them', () => {
    expect([...publicFields].sort()).toEqual([...reviewed].sort());
    const all = new Set(roots.map(({ coordinate }) => coordinate));
    for (const name of [...publicFields, ...staleBearerFields])
      expect.soft(all, name).toContain(name);
    // An invalid bearer token is ignored only for fields that need none.
    for (const name of staleBearerFields) expect.soft(publicFields, name).toContain(name);
    expect(schema.getSubscriptionType()).toBeUndefined();
  });

  it.each(
    roots
      .filter(({ coordinate }) => !publicFields.has(coordinate))
      .map((root) => [root.coordinate, root] as const),
  )('AZ-1 %s refuses an anonymous caller and an invalid token', async (_coordinate, root) => {
    const { query, variables } = callOf(root);
    const answer = await server.send(query, variables);
    const [error] = answer.errors;
    expect(['UNAUTHENTICATED', 'FORBIDDEN']).toContain(error?.extensions.code);
    if (error?.extensions.code === 'UNAUTHENTICATED')
      expect(error.extensions.reason).toBe('TOKEN_MISSING');
    expect(answer.data?.[root.field.name] ?? null).toBeNull();
    const forged = await server.send(query, variables, { token: 'a.b.c' });
    expect(forged.status).toBe(401);
    expect(forged.errors[0]?.extensions).toMatchObject({
      code: 'UNAUTHENTICATED',
      reason: 'TOKEN_INVALID',
    });
  });

  it.each(
    roots
      .filter(({ coordinate }) => publicFields.has(coordinate))
      .map((root) => [root.coordinate, root] as const),
  )('AZ-1 %s is on the public list and answers an anonymous caller', async (_coordinate, root) => {
    const { query, variables } = callOf(root);
    const answer = await server.send(query, variables);
    expect(answer.errors).toEqual([]);
  });

  it('AZ-1 an unlisted field requires sign-in, and every field needs a resolver', async () => {
    const unlisted = (resolve?: () => string): GraphQLSchema =>
      new GraphQLSchema({
        query: new GraphQLObjectType({
          name: 'Query',
          fields: { newest: { type: GraphQLString, ...(resolve ? { resolve } : {}) } },
        }),
      });
    let called = false;
    const guarded = guardFields(
      unlisted(() => {
        called = true;
        return 'secret';
      }),
    );
    const field = guarded.getQueryType()?.getFields()['newest'];
    await expect(
      Promise.resolve(field?.resolve?.({}, {}, { viewer: null }, Object.create(null))),
    ).rejects.toMatchObject({ extensions: { code: 'UNAUTHENTICATED', reason: 'TOKEN_MISSING' } });
    expect(called).toBe(false);
    expect(() => guardFields(unlisted())).toThrow(/no resolver/);
  });

  it('AZ-1 fragments, aliases and directives do not bypass the access check', async () => {
    const [closed] = roots.filter(
      ({ coordinate, kind }) => kind === 'query' && !publicFields.has(coordinate),
    );
    if (!closed) return;
    const inner = callOf(closed).query.replace(/^query[^{]*\{ (.*) \}$/, '$1');
    const { variables } = callOf(closed);
    const declared = /^query(\([^)]*\))/.exec(callOf(closed).query)?.[1] ?? '';
    for (const body of [
      `{ a: ${inner} }`,
      `{ ...F } fragment F on Query { ${inner} }`,
      `{ ... on Query { ${inner} } }`,
      `{ ... @include(if: true) { ${inner} } }`,
      `{ me { id } ${inner} }`,
    ]) {
      const answer = await server.send(`query ${declared} ${body}`, variables);
      expect
        .soft(
          answer.errors.map(({ extensions }) => extensions.code),
          body,
        )
        .toContain('UNAUTHENTICATED');
    }
  });
});

describe('every root field', () => {
  let server: TestServer;
  const people = new Map<string, Person>();
  beforeAll(async () => {
    server = await startTestServer();
    for (const who of ['user', 'suspended', 'admin without a second factor'])
      people.set(who, await registerPerson(server));
    const suspended = people.get('suspended');
    await suspendUser(server, suspended?.id ?? '');
    await setRoles(server, people.get('admin without a second factor')?.id ?? '', ['admin']);
  });
  afterAll(() => server.stop());

  /** The code of the first error, or of the AuthError in the union, or `answered`. */
  async function outcome(root: Root, who: string): Promise<string> {
    const { query, variables } = callOf(root);
    const person = people.get(who);
    const text =
      root.kind === 'mutation'
        ? query.replace('{ __typename }', '{ __typename ... on AuthError { code } }')
        : query;
    const answer = await server.send(text, variables, { token: person?.accessToken });
    // `logout` ends the session in use, so the person signs in again.
    if (person && who !== 'suspended' && root.field.name === 'logout')
      people.set(who, await signIn(server, person));
    const [error] = answer.errors;
    if (error) {
      expect(answer.data?.[root.field.name] ?? null).toBeNull();
      return `${answer.status} ${error.extensions.code} ${error.extensions.reason ?? ''}`.trim();
    }
    return answer.data[root.field.name]?.code ?? 'answered';
  }

  const kindOf = (coordinate: string): 'public' | 'gateway' | 'admin' | 'own' => {
    if (publicFields.has(coordinate)) return 'public';
    if (gatewayFields.has(coordinate)) return 'gateway';
    return administrativeFields.has(coordinate) ? 'admin' : 'own';
  };
  const closed = /UNAUTHENTICATED|FORBIDDEN|INTERNAL/;

  it.each(roots.map((root) => [root.coordinate, root] as const))(
    'AZ-1 AZ-4 AZ-8 %s',
    async (coordinate, root) => {
      const kind = kindOf(coordinate);
      const mutation = root.kind === 'mutation';

      const anonymous = await outcome(root, 'anonymous');
      if (kind === 'public') expect(anonymous).not.toMatch(closed);
      else if (kind === 'gateway') expect(anonymous).toMatch(/UNAUTHENTICATED|FORBIDDEN/);
      else expect(anonymous).toBe('200 UNAUTHENTICATED TOKEN_MISSING');

      const user = await outcome(root, 'user');
      if (kind === 'public' || kind === 'own') expect(user).not.toMatch(closed);
      else expect(user).toBe('200 FORBIDDEN');

      // A suspended user's token is invalid: fields that ignore invalid tokens treat the caller as
      // anonymous.
      const suspended = await outcome(root, 'suspended');
      if (staleBearerFields.has(coordinate))
        expect(suspended).toBe(await outcome(root, 'anonymous'));
      else expect(suspended).toBe('401 UNAUTHENTICATED SESSION_REVOKED');

      const bare = await outcome(root, 'admin without a second factor');
      if (kind === 'admin' && mutation) expect(bare).toBe('STEP_UP_REQUIRED');
      else if (kind === 'admin' || kind === 'gateway') expect(bare).toBe('200 FORBIDDEN');
      else expect(bare).not.toMatch(closed);
    },
  );

  it('AZ-4 every field that names users or audit events is an admin field', () => {
    const all = new Set(roots.map(({ coordinate }) => coordinate));
    for (const name of administrativeFields) expect(all).toContain(name);
    const named = roots.filter(({ coordinate }) => /User|auditEvents/i.test(coordinate));
    expect(
      named.filter(({ coordinate }) => ['own', 'public'].includes(kindOf(coordinate))),
    ).toEqual([]);
  });
});
