import type { Caller } from '../../packages/verify/src/index.ts';

/** Types whose fields are marked in every way, without the directives' definitions. */
export const accessTypes = `
  type Query {
    open: String
    signedIn: String @authenticated
    either: String @requiresScopes(scopes: [["read"], ["write", "list"]])
    both: String @requiresScopes(scopes: [["read", "write"]])
    policed: String @policy(policies: [["adult", "paid"], ["staff"]])
    everything: String
      @authenticated @requiresScopes(scopes: [["read"]]) @policy(policies: [["staff"]])
    never: String @requiresScopes(scopes: [])
    secret: Secret
    secrets: [Secret!]
    member: Member
    found: Found
    level: Level
    day: Day
    plain: Plain
  }
  type Secret @requiresScopes(scopes: [["read"]]) { text: String }
  interface Node @authenticated { id: ID }
  type Member implements Node { id: ID }
  interface Named { name: String @requiresScopes(scopes: [["read"]]) other: String }
  type Plain implements Named { name: String other: String }
  union Found = Plain | Secret
  enum Level @requiresScopes(scopes: [["read"]]) { HIGH }
  scalar Day @authenticated
`;

const secret = { __typename: 'Secret', text: 'deep' };
const values: Record<string, unknown> = {
  secret,
  secrets: [secret],
  member: { id: 'm' },
  found: secret,
  level: 'HIGH',
  day: 'Monday',
  plain: { name: 'n', other: 'o' },
};

/** Resolvers of the root fields, each of which notes in `ran` that it ran. */
export function accessResolvers(ran: string[]): { Query: Record<string, () => unknown> } {
  const names = [...accessTypes.slice(0, accessTypes.indexOf('}')).matchAll(/^ {4}(\w+):/gm)];
  const resolve = (name: string) => () => {
    ran.push(name);
    return values[name] ?? name;
  };
  return { Query: Object.fromEntries(names.map(([, name = '']) => [name, resolve(name)])) };
}

const callerWith = (claims: Caller['claims']): Caller => ({
  userId: 'ada',
  sessionId: 'session',
  roles: [],
  methods: ['pwd'],
  authenticatedAt: new Date(),
  expiresAt: new Date(Date.now() + 900_000),
  claims,
});

/** In the order of the columns below. */
export const accessCallers: Readonly<Record<string, Caller | null>> = {
  nobody: null,
  'no scope': callerWith({}),
  'one of an OR': callerWith({ scope: 'read' }),
  'half of an AND': callerWith({ scope: 'write other' }),
  'all and the policies': callerWith({ scope: 'read write list', policies: 'staff adult' }),
};

/** What the policies of the matrix say of a caller. */
export function decideInMatrix(policy: string, { claims }: Caller): boolean {
  return String(claims['policies'] ?? '')
    .split(' ')
    .includes(policy);
}

export type Cell = 'ok' | 'UNAUTHENTICATED' | 'FORBIDDEN';
const [u, f, ok] = ['UNAUTHENTICATED', 'FORBIDDEN', 'ok'] as const;

/** A field, what each caller gets, and the path at which it is refused. */
export const accessMatrix: readonly (readonly [string, readonly Cell[], string])[] = [
  ['{ open }', [ok, ok, ok, ok, ok], ''],
  ['{ signedIn }', [u, ok, ok, ok, ok], 'signedIn'],
  ['{ either }', [u, f, ok, f, ok], 'either'],
  ['{ both }', [u, f, f, f, ok], 'both'],
  ['{ policed }', [u, f, f, f, ok], 'policed'],
  ['{ everything }', [u, f, f, f, ok], 'everything'],
  ['{ never }', [u, f, f, f, f], 'never'],
  ['{ secret { text } }', [u, f, ok, f, ok], 'secret'],
  ['{ secrets { text } }', [u, f, ok, f, ok], 'secrets'],
  ['{ member { id } }', [u, ok, ok, ok, ok], 'member'],
  ['{ found { ... on Secret { text } } }', [u, f, ok, f, ok], 'found.text'],
  ['{ level }', [u, f, ok, f, ok], 'level'],
  ['{ day }', [u, ok, ok, ok, ok], 'day'],
  ['{ plain { name } }', [u, f, ok, f, ok], 'plain.name'],
  ['{ plain { other } }', [ok, ok, ok, ok, ok], ''],
];
