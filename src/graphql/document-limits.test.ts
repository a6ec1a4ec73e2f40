import {
  buildSchema,
  GraphQLError,
  getIntrospectionQuery,
  parse,
  specifiedRules,
  validate,
  visit,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import { mutationText } from '../testing/client.ts';
import { hostileDocuments } from '../testing/hostile-documents.ts';
import { documentLimits, limitDocument, mostErrors } from './document-limits.ts';
import { authSchema } from './schema.ts';

/**
 * A schema with shapes that ours lacks in places: nested objects, and lists with a size argument.
 */
const nested = buildSchema(`
  type Query { me: User users(first: Int = 20): Users usersByIds(ids: [ID!]!): [User] }
  type Users { edges: [Edge!]! totalCount: Int }
  type Edge { node: User }
  type User { id: ID name: String boss: User team(first: Int = 20): Users }
  type Mutation { login(a: Int): User verifyOtp(a: Int): User revokeSession(a: Int): User }
`);

function faults(query: string, schema = nested): readonly GraphQLError[] {
  const document = parse(query, { maxTokens: documentLimits.tokens });
  return validate(schema, document, [...specifiedRules, limitDocument], { maxErrors: mostErrors });
}

function messages(query: string, schema = nested): string[] {
  return faults(query, schema).map(({ message }) => message);
}

function levels(count: number): string {
  return count === 1 ? 'id' : `boss { ${levels(count - 1)} }`;
}

/**
 * How often selections are read while a document is judged: the work that fragments can multiply.
 * Selections that stand in the document: what reading each of them once comes to.
 */
function countReads(query: string, schema = nested): { reads: number; written: number } {
  let reads = 0;
  let written = 0;
  const document = parse(query, { maxTokens: documentLimits.tokens });
  visit(document, {
    SelectionSet: (set) => {
      const { selections } = set;
      written += selections.length;
      Object.defineProperty(set, 'selections', {
        enumerable: true,
        get: () => {
          reads += selections.length;
          return selections;
        },
      });
    },
  });
  validate(schema, document, [...specifiedRules, limitDocument], { maxErrors: mostErrors });
  return { reads, written };
}

describe('a document', () => {
  it('GQ-1 may have eight levels of fields, including those in fragments', () => {
    expect(messages(`{ me { ${levels(7)} } }`)).toEqual([]);
    expect(messages(`{ me { ${levels(8)} } }`)).toEqual([
      'A document may have at most 8 levels of fields.',
    ]);
    const through = (count: number) =>
      `{ me { ...A } } fragment A on User { ${'boss { '.repeat(3)} ...B ${'} '.repeat(3)} } ` +
      `fragment B on User { ${levels(count)} }`;
    expect(messages(through(4))).toEqual([]);
    expect(messages(through(5))).toEqual(['A document may have at most 8 levels of fields.']);
  });

  it('GQ-2 may have 250 fields, counting a fragment at each spread', () => {
    const fields = (count: number) => 'id '.repeat(count);
    expect(messages(`{ me { ${fields(249)} } }`)).toEqual([]);
    expect(messages(`{ me { ${fields(250)} } }`)).toEqual([
      'A document may have at most 250 fields.',
    ]);
    const spread = `{ ${'me { ...A } '.repeat(5)} } fragment A on User { ${fields(50)} }`;
    expect(messages(spread)).toEqual(['A document may have at most 250 fields.']);
    expect(() => parse(`{ me { ${fields(1000)} } }`, { maxTokens: documentLimits.tokens })).toThrow(
      '1000 tokens',
    );
  });

  it('GQ-2 has a limit on the product of its page sizes', () => {
    const page = (first: string) => `users(first: ${first}) { edges { node { id name } } }`;
    expect(messages(`{ ${page('100')} }`)).toEqual([]);
    expect(messages(`{ users { edges { node { team { edges { node { id } } } } } } }`)).toEqual([]);
    const tooMuch = ['This asks for too much at a time: use smaller pages.'];
    expect(messages(`{ ${page('2000')} }`)).toEqual(tooMuch);
    expect(messages(`{ a: ${page('1000000000')} }`)).toEqual(tooMuch);
    const inside = 'users(first: 100) { edges { node { team(first: 100) { totalCount } } } }';
    expect(messages(`{ ${inside} }`)).toEqual(tooMuch);
    const variable =
      'query Q($n: Int) { users(first: $n) { edges { node { team(first: $n) { totalCount } } } } }';
    expect(messages(variable)).toEqual(tooMuch);
    const team = 'team(first: 50) { edges { node { id } } }';
    const byIds = (count: number) => `{ usersByIds(ids: [${'"x" '.repeat(count)}]) { ${team} } }`;
    expect(messages(byIds(10))).toEqual([]);
    expect(messages(byIds(40))).toEqual(tooMuch);
  });

  it('GQ-3 ADV-36 reads each selection a few times, however fragments multiply', () => {
    const fragment = (n: number) => `fragment F${n} on Query { ...F${n + 1} ...F${n + 1} }`;
    const fragments = Array.from({ length: 19 }, (_, n) => fragment(n)).join(' ');
    const doubling = `{ ...F0 } ${fragments} fragment F19 on Query { me { id } }`;
    expect(messages(doubling)).toEqual(['A document may have at most 250 fields.']);
    const { reads, written } = countReads(doubling);
    expect(written).toBe(41);
    expect(reads).toBeLessThanOrEqual(4 * written);
  });

  it('GQ-3 may have no cyclic fragments', () => {
    const circle =
      '{ me { ...A } } fragment A on User { boss { ...B } } fragment B on User { boss { ...A } }';
    expect(messages(circle)).toEqual(['A fragment contains itself.']);
  });

  it('GQ-4 ADV-38 ADV-52 may have one sensitive mutation per operation', () => {
    expect(messages('mutation { login(a: 1) { id } }')).toEqual([]);
    expect(
      messages('mutation { revokeSession(a: 1) { id } again: revokeSession(a: 2) { id } }'),
    ).toEqual([]);
    expect(messages('mutation A { login { id } } mutation B { verifyOtp { id } }')).toEqual([]);
    const once = [
      'Of the mutations that try or change a secret an operation may hold one, and that once.',
      '"login" may stand in a document once.',
    ];
    for (const query of [
      'mutation { a: login { id } b: login { id } }',
      'mutation { login { id } verifyOtp { id } }',
      'mutation { ...A ...B } fragment A on Mutation { login { id } } ' +
        'fragment B on Mutation { b: login { id } }',
      'mutation { ...A ... { ...A } } fragment A on Mutation { login { id } }',
      'mutation { login { id } ... on Mutation { ... @include(if: true) { login { id } } } }',
      'mutation A { login { id } } mutation B { login { id } }',
    ]) {
      const found = messages(query);
      expect(found).toHaveLength(1);
      expect(once).toContain(found[0]);
    }
  });

  it('GQ-5 may have five operations', () => {
    const operations = (count: number) =>
      Array.from({ length: count }, (_, n) => `query Q${n} { me { id } }`).join(' ');
    expect(messages(operations(5))).toEqual([]);
    expect(messages(operations(6))).toEqual(['A document may have at most 5 operations.']);
  });

  it('GQ-6 counts what is below a list that has no size for each of its members', () => {
    const schema = authSchema();
    const fields = 'id name email status roles createdAt lastLoginAt totpEnabled passkeyCount';
    expect(messages(`{ administrators { ${fields} } }`, schema)).toEqual([]);
    const tooMuch = ['This asks for too much at a time: use smaller pages.'];
    const sessions = 'sessions(first: 100) { edges { node { id } } }';
    expect(messages(`{ administrators { ${sessions} } }`, schema)).toEqual(tooMuch);
    const aliases = [1, 2, 3].map((n) => `a${n}: administrators { ${fields} }`).join(' ');
    expect(messages(`{ ${aliases} }`, schema)).toEqual(tooMuch);
  });

  it('GQ-6 is answered with at most six errors', () => {
    const unknown = Array.from({ length: 200 }, (_, n) => `f${n}`).join(' ');
    expect(faults(`{ ${unknown} }`).length).toBeLessThanOrEqual(mostErrors + 1);
    expect(messages(`{ me { id ${'@a '.repeat(400)} } }`)).toEqual([
      'A document may have at most 3 directives at one place.',
    ]);
    const spread = `{ ${'... @include(if: true) { me { id } } '.repeat(21)} }`;
    expect(messages(spread)).toEqual(['A document may have at most 20 directives.']);
  });

  it('is accepted as our clients, GraphiQL and code generators send it', () => {
    const schema = authSchema();
    for (const name of ['register', 'login', 'verifyOtp', 'refreshSession', 'logout'] as const) {
      expect(messages(mutationText(name), schema)).toEqual([]);
    }
    for (const inputValueDeprecation of [false, true]) {
      const options = {
        schemaDescription: true,
        specifiedByUrl: true,
        directiveIsRepeatable: true,
        oneOf: true,
      };
      expect(
        messages(getIntrospectionQuery({ ...options, inputValueDeprecation }), schema),
      ).toEqual([]);
    }
  });

  it.each(hostileDocuments)('GQ-1 GQ-2 GQ-3 GQ-6 ADV-37 is refused: $name', ({ query }) => {
    const check = (): readonly unknown[] => {
      try {
        return faults(query, authSchema());
      } catch (error) {
        return [error];
      }
    };
    const found = check();
    expect(found.length).toBeGreaterThan(0);
    expect(found.length).toBeLessThanOrEqual(mostErrors + 1);
    // The parser counts tokens, and ends at the first that is one too many.
    if (found[0] instanceof GraphQLError && found[0].message.startsWith('Syntax Error')) return;
    const { reads, written } = countReads(query, authSchema());
    expect(reads).toBeLessThanOrEqual(10 * written);
  });
});
