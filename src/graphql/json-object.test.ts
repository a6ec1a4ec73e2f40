import {
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
  graphql,
  parseValue,
  printSchema,
  valueFromASTUntyped,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import { JSONObject, maxJsonBytes } from './json-object.ts';

let taken: unknown;
let stored: unknown = {};
const schema = new GraphQLSchema({
  query: new GraphQLObjectType({
    name: 'Query',
    fields: {
      take: {
        type: GraphQLString,
        args: { json: { type: JSONObject } },
        resolve: (_source, { json }) => {
          taken = json;
          return 'taken';
        },
      },
      give: { type: JSONObject, resolve: () => stored },
    },
  }),
});

/** The message of the refusal, or what the resolver got. */
async function ask(source: string, variableValues: Record<string, unknown> = {}): Promise<unknown> {
  taken = undefined;
  const { errors } = await graphql({ schema, source, variableValues });
  return errors ? errors.map(({ message }) => message).join() : taken;
}
const byVariable = (json: unknown) =>
  ask('query ($json: JSONObject) { take(json: $json) }', { json });
const byLiteral = (literal: string) => ask(`{ take(json: ${literal}) }`);

const nested = (levels: number): string =>
  levels === 1 ? '{ a: 1 }' : `{ a: ${nested(levels - 1)} }`;
const plainOf = (literal: string): unknown => valueFromASTUntyped(parseValue(literal));

describe('JSONObject', () => {
  it.each([
    ['a list', '[1]', /is an object/],
    ['a text', '"secret"', /is an object/],
    ['a number', '1', /is an object/],
    ['nine levels', nested(9), /is 8 levels deep at most/],
    ['nine levels of lists', '{ a: [[[[[[[[1]]]]]]]] }', /is 8 levels deep at most/],
    ['too many bytes', `{ a: "${'x'.repeat(maxJsonBytes)}" }`, /has 16384 bytes at most/],
    ['too many bytes in UTF-8', `{ a: "${'ä'.repeat(8200)}" }`, /has 16384 bytes at most/],
    ['NUL', '{ a: "secret\\u0000" }', /no NUL/],
    ['a lone surrogate', '{ a: "secret\\ud800" }', /no lone surrogate|Invalid Unicode/],
    ['a member named __proto__', '{ __proto__: { admin: true } }', /named __proto__/],
  ])(
    'GQ-10 refuses %s, as a literal and as a variable, by the name of the rule',
    async (_name, literal, rule) => {
      const value = literal.includes('__proto__')
        ? JSON.parse('{"__proto__":{"admin":true}}')
        : literal.includes('\\u')
          ? JSON.parse(literal.replace('a:', '"a":'))
          : plainOf(literal);
      for (const answer of [await byVariable(value), await byLiteral(literal)]) {
        expect(answer).toMatch(rule);
      }
    },
  );

  it('GQ-10 refuses what only one of the two can say', async () => {
    expect(await byLiteral('{ a: ADMIN }')).toMatch(/holds JSON values only/);
    expect(await byLiteral('{ a: 1e999 }')).toMatch(/finite numbers only/);
    expect(await byVariable({ a: Number.NaN })).toMatch(/finite numbers only/);
    expect(await byVariable({ a: () => 1 })).toMatch(/holds JSON values only/);
    expect(await byVariable({ a: 1n })).toMatch(/holds JSON values only/);
  });

  it('GQ-10 quotes nothing of what it refuses by its own rules', async () => {
    for (const answer of [
      await byLiteral('{ a: "secret\\u0000" }'),
      await byLiteral(`{ a: "secret${'x'.repeat(maxJsonBytes)}" }`),
    ]) {
      expect(answer).not.toContain('secret');
    }
  });

  it('takes what is within its bounds, alike by literal and by variable', async () => {
    for (const literal of [
      '{}',
      nested(5),
      '{ text: "𝄞 ä", yes: true, none: null, list: [1, -2.5, "x", { b: [] }], n: 12 }',
      `{ a: "${'x'.repeat(maxJsonBytes - 8)}" }`,
    ]) {
      const value = JSON.parse(JSON.stringify(plainOf(literal)));
      expect(await byVariable(value)).toEqual(value);
      expect(await byLiteral(literal)).toEqual(value);
    }
  });

  it('fills a literal with variables, and leaves out those that are not given', async () => {
    const source =
      'query ($a: JSONObject, $b: String) { take(json: { a: $a, b: $b, c: [$b, 1] }) }';
    expect(await ask(source, { a: { x: 1 } })).toEqual({ a: { x: 1 }, c: [1] });
    const deep = plainOf(nested(8));
    // Here graphql-js words the refusal: it names the argument and quotes the document alone.
    expect(await ask(source, { a: deep, b: 'x' })).toMatch(/^Argument "json" has invalid value/);
  });

  it('gives out objects and nothing else', async () => {
    stored = { a: [1, { b: null }] };
    expect((await graphql({ schema, source: '{ give }' })).data?.['give']).toEqual(stored);
    stored = [1];
    const { errors } = await graphql({ schema, source: '{ give }' });
    expect(errors?.[0]?.message).toMatch(/is an object/);
  });

  it('says its bounds in the schema', () => {
    expect(printSchema(schema)).toContain('16 kB and 8 levels deep at most');
  });
});
