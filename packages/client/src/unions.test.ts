import { readFileSync } from 'node:fs';
import {
  buildSchema,
  type GraphQLObjectType,
  type GraphQLOutputType,
  getNamedType,
  isEnumType,
  isListType,
  isNonNullType,
  isObjectType,
  isUnionType,
  parse,
  validate,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import { type AuthClient, createAuthClient, RefreshError, type StoredSession } from './index.ts';

const schema = buildSchema(
  readFileSync(new URL('../../../schema.graphql', import.meta.url), 'utf8'),
);
const mutations = Object.values(schema.getMutationType()?.getFields() ?? {});
const membersOf = (type: GraphQLOutputType) => {
  const union = getNamedType(type);
  return isUnionType(union) ? [...union.getTypes()] : [];
};
/** Every mutation with every member of its union. */
const outcomes = mutations.flatMap((mutation) =>
  membersOf(mutation.type).map((member) => [mutation.name, member.name] as const),
);

const tokenWith = (claims: object) =>
  ['{}', JSON.stringify(claims), 'x'].map((part) => btoa(part).replace(/=+$/, '')).join('.');
const now = Math.floor(Date.now() / 1000);
const freshToken = tokenWith({ iat: now, exp: now + 900, auth_time: now });
const user = { ...(exampleOf(objectType('User')) as StoredSession['user']), id: 'me' };
const before: StoredSession = {
  accessToken: 'before',
  refreshToken: 'refresh',
  expiresAt: Date.now() + 900_000,
  refreshAt: Date.now() + 900_000,
  provedAt: Date.now(),
  user,
};

function objectType(name: string): GraphQLObjectType {
  const type = schema.getType(name);
  if (!isObjectType(type)) throw new Error(`${name} is no object type.`);
  return type;
}

/** Some value of a type, with all that the client asks of it. */
function exampleOf(type: GraphQLOutputType): unknown {
  if (isNonNullType(type)) return exampleOf(type.ofType);
  if (isListType(type)) return [];
  if (isEnumType(type)) return type.getValues()[0]?.name;
  if (isObjectType(type)) {
    const fields = Object.values(type.getFields()).filter(({ args }) => args.length === 0);
    return Object.fromEntries(fields.map((field) => [field.name, exampleOf(field.type)]));
  }
  const scalars: Record<string, unknown> = { Boolean: true, Int: 1, Float: 1 };
  return scalars[String(type)] ?? `a ${type}`;
}

function outcomeOf(member: string, changes: object = {}): { __typename: string } {
  const value = exampleOf(objectType(member)) as object;
  const own = member === 'User' ? { ...user, name: 'Changed' } : {};
  const tokens = member === 'AuthTokens' ? { accessToken: freshToken, refreshToken: 'next' } : {};
  return { ...value, ...own, ...tokens, ...changes, __typename: member };
}

/** A signed-in client of a server that answers one mutation with one outcome. */
async function openWith(mutation: string, outcome: object) {
  let stored: StoredSession | null = before;
  const asked: string[] = [];
  const client = createAuthClient({
    url: 'http://localhost/graphql',
    storage: {
      load: () => stored,
      save: (session) => {
        stored = session;
      },
      clear: () => {
        stored = null;
      },
    },
    fetch: async (_url, init) => {
      asked.push(JSON.parse(String(init?.body)).query);
      return Response.json({ data: { [mutation]: outcome } });
    },
  });
  await client.start();
  return { client, asked, stored: () => stored };
}

const call = (client: AuthClient, mutation: string): Promise<unknown> =>
  (client as unknown as Record<string, (input: object) => Promise<unknown>>)[mutation]?.({}) ??
  Promise.reject(new Error(`The client has no ${mutation}.`));

const own = outcomes.filter(([mutation]) => mutation !== 'refreshSession');

describe('X-14 every member of every union', () => {
  it('is one of many', () => {
    expect(own.length).toBeGreaterThan(60);
    expect(outcomes.filter(([, member]) => member === 'AuthError')).toHaveLength(mutations.length);
  });

  it.each(own)('%s answers %s to the app', async (mutation, member) => {
    const outcome = outcomeOf(member);
    const { client, asked } = await openWith(mutation, outcome);
    expect(await call(client, mutation)).toEqual(outcome);
    expect(validate(schema, parse(asked[0] ?? ''))).toEqual([]);
    expect(asked[0]).toContain(`...on ${member}`);
  });

  it.each(own)('%s with %s leaves the state that is true', async (mutation, member) => {
    const { client, stored } = await openWith(mutation, outcomeOf(member));
    await call(client, mutation);
    const { status, user: seen } = client.getState();
    const ends = mutation === 'logout' || (mutation === 'deleteAccount' && member !== 'AuthError');
    expect(status).toBe(ends ? 'signed-out' : 'signed-in');
    expect(stored() === null).toBe(ends);
    if (member === 'User') expect(seen?.name).toBe('Changed');
    if (member === 'AuthTokens') expect(stored()?.refreshToken).toBe('next');
    if (mutation === 'disableTotp') expect(seen?.totpEnabled).toBe(member === 'AuthError');
  });

  it('confirmTotpEnrollment with RecoveryCodes says so in the state', async () => {
    const { client } = await openWith('confirmTotpEnrollment', outcomeOf('RecoveryCodes'));
    await client.updateProfile({}).catch(() => {});
    await client.confirmTotpEnrollment({ enrollmentId: '1', code: '2' });
    expect(client.getState().user?.totpEnabled).toBe(true);
  });

  const codes = schema.getType('AuthErrorCode');
  it.each(isEnumType(codes) ? codes.getValues().map(({ name }) => name) : [])(
    'refreshSession with AuthError %s ends the session, or rejects with it',
    async (code) => {
      const outcome = outcomeOf('AuthError', { code });
      const { client } = await openWith('refreshSession', outcome);
      const renewed = client.renew('before', 'TOKEN_EXPIRED');
      if (code === 'INVALID_OR_EXPIRED_TOKEN') {
        expect(await renewed).toBeNull();
        expect(client.getState()).toMatchObject({ status: 'signed-out', reason: 'ENDED' });
      } else {
        await expect(renewed).rejects.toThrow(RefreshError);
        await expect(renewed).rejects.toMatchObject({ outcome });
        expect(client.getState().status).toBe('signed-in');
      }
    },
  );

  it('refreshSession with AuthTokens goes on with them', async () => {
    const { client, stored } = await openWith('refreshSession', outcomeOf('AuthTokens'));
    expect(await client.renew('before', 'TOKEN_EXPIRED')).toBe(freshToken);
    expect(stored()?.refreshToken).toBe('next');
  });
});
