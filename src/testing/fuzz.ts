import fc from 'fast-check';
import {
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLOutputType,
  getNamedType,
  getNullableType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  isUnionType,
} from 'graphql';
import { authSchema } from '../graphql/schema.ts';

/** Part of every generated text; an answer must not contain it. */
export const marker = 'CaNaRy7f3';

/**
 * The approximate number of requests in a run. A long run: `FUZZ_REQUESTS=10000 npx vitest run
 * --project postgres src/http/fuzz.test.ts`.
 */
export const fuzzRequests = Number(process.env['FUZZ_REQUESTS'] ?? 1000);

/** A value as JSON and as a GraphQL literal. */
type Value = { readonly json: unknown; readonly literal: string };

export type FuzzedOperation = {
  /** The schema coordinate, such as `Mutation.login`. */
  readonly coordinate: string;
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
};

/**
 * Texts that JSON permits: NUL, lone surrogates, right-to-left text, long texts, and code of other
 * languages.
 */
const hostileTexts = [
  '',
  ' ',
  '\u0000',
  `\u0000${marker}`,
  '\ud800',
  `\udfff${marker}`,
  `${marker}@example.com`,
  `${marker}@example.com,other@example.com`,
  `${marker}\r\nBcc: other@example.com`,
  `"${marker}" <a@example.com>`,
  `' or 1=1 -- ${marker}`,
  `"; drop table users; -- ${marker}`,
  `%_\\${marker}`,
  `\${${marker}}{{7*7}}<script>alert(1)</script>`,
  '__proto__',
  'constructor',
  '../../../../etc/passwd',
  '00000000-0000-7000-8000-000000000000',
  '0190a0a0-0000-7000-8000-00000000000Z',
  '123456',
  '１２３４５６',
  '-1',
  'NaN',
  '1e309',
  'true',
  'null',
  '\u202e\ufeff\u2028',
  '😀'.repeat(200),
  marker.repeat(1200),
  'İ'.repeat(64),
  'a'.repeat(65_000),
];

export const texts: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...hostileTexts) },
  {
    weight: 1,
    arbitrary: fc.string({ unit: 'binary', maxLength: 80 }).map((text) => `${marker}${text}`),
  },
  { weight: 1, arbitrary: fc.string({ maxLength: 200 }).map((text) => `${text}${marker}`) },
  { weight: 1, arbitrary: fc.emailAddress().map((text) => `${marker}${text}`) },
  {
    weight: 1,
    arbitrary: fc
      .array(fc.nat(0xffff), { maxLength: 40 })
      .map((units) => String.fromCharCode(...units)),
  },
  { weight: 1, arbitrary: fc.uuid() },
);

const numbers = fc.oneof(
  fc.constantFrom(
    0,
    -0,
    -1,
    1,
    50,
    100,
    101,
    2 ** 31 - 1,
    2 ** 31,
    -(2 ** 31) - 1,
    2 ** 53,
    1e308,
    0.5,
  ),
  fc.integer(),
);

/** Any JSON value, where another type is expected. */
const anything: fc.Arbitrary<Value> = fc
  .oneof(
    texts,
    numbers,
    fc.boolean(),
    fc.constant(null),
    fc.array(texts, { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('input', '__proto__', 'id', 'a'), texts, { maxKeys: 2 }),
  )
  .map(asValue);

function asValue(json: unknown): Value {
  return { json, literal: literalOf(json) };
}

function literalOf(json: unknown): string {
  if (Array.isArray(json)) return `[${json.map(literalOf).join(' ')}]`;
  if (typeof json === 'object' && json !== null) {
    return `{${Object.entries(json)
      .map(([key, value]) => `${key}: ${literalOf(value)}`)
      .join(' ')}}`;
  }
  return JSON.stringify(json);
}

/** Values for an argument: mostly of its type, sometimes of another type, null or omitted. */
function valuesFor(type: GraphQLInputType): fc.Arbitrary<Value> {
  return fc.oneof(
    { weight: 9, arbitrary: fittingValues(type) },
    { weight: 1, arbitrary: anything },
  );
}

function fittingValues(type: GraphQLInputType): fc.Arbitrary<Value> {
  const given = givenValues(getNullableType(type));
  return isNonNullType(type)
    ? given
    : fc.oneof({ weight: 8, arbitrary: given }, fc.constant(asValue(null)));
}

function givenValues(type: GraphQLInputType): fc.Arbitrary<Value> {
  if (isListType(type)) {
    return fc.array(valuesFor(type.ofType), { maxLength: 5 }).map((items) => ({
      json: items.map(({ json }) => json),
      literal: `[${items.map(({ literal }) => literal).join(' ')}]`,
    }));
  }
  if (isEnumType(type)) {
    return fc
      .constantFrom(...type.getValues().map(({ name }) => name), 'NONE')
      .map((name) => ({ json: name, literal: name }));
  }
  if (isInputObjectType(type)) return objectsFor(Object.values(type.getFields()));
  const { name } = getNamedType(type);
  if (name === 'Int' || name === 'Float') return numbers.map(asValue);
  if (name === 'Boolean') return fc.boolean().map(asValue);
  return texts.map(asValue);
}

function objectsFor(
  fields: readonly { readonly name: string; readonly type: GraphQLInputType }[],
): fc.Arbitrary<Value> {
  const parts = fields.map(({ name, type }) =>
    fc.oneof(
      {
        weight: isNonNullType(type) ? 20 : 3,
        arbitrary: valuesFor(type).map((value) => ({ name, value })),
      },
      fc.constant(null),
    ),
  );
  return fc.tuple(...parts).map((entries) => {
    const given = entries.filter((entry) => entry !== null);
    return {
      json: Object.fromEntries(given.map(({ name, value }) => [name, value.json])),
      literal: `{${given.map(({ name, value }) => `${name}: ${value.literal}`).join(' ')}}`,
    };
  });
}

/** Selects every field without arguments, down to the given number of levels. */
export function selectionOf(type: GraphQLOutputType, levels: number): string {
  const named = getNamedType(type);
  if (!isCompositeType(named)) return '';
  if (isUnionType(named)) {
    const members = named
      .getTypes()
      .map((member) => `... on ${member.name} ${selectionOf(member, levels)}`);
    return `{ __typename ${members.join(' ')} }`;
  }
  if (!isObjectType(named) && !isInterfaceType(named)) return '{ __typename }';
  const fields = Object.values(named.getFields())
    .filter((field) => levels > 1 || !isCompositeType(getNamedType(field.type)))
    .filter((field) => field.args.every(({ type: argument }) => !isNonNullType(argument)))
    .map((field) => `${field.name} ${selectionOf(field.type, levels - 1)}`);
  return `{ __typename ${fields.join(' ')} }`;
}

type RootField = {
  readonly root: 'Query' | 'Mutation';
  readonly field: GraphQLField<unknown, unknown>;
};

/** Every root field of the schema, including new ones. */
export const rootFieldsOfSchema: readonly RootField[] = [
  ...Object.values(authSchema().getQueryType()?.getFields() ?? {}).map((field) => ({
    root: 'Query' as const,
    field,
  })),
  ...Object.values(authSchema().getMutationType()?.getFields() ?? {}).map((field) => ({
    root: 'Mutation' as const,
    field,
  })),
];

/** Calls of one root field, with variables or literals. */
export function callsOf({ root, field }: RootField): fc.Arbitrary<FuzzedOperation> {
  const operation = root === 'Query' ? 'query' : 'mutation';
  const selection = selectionOf(field.type, 2);
  return fc
    .tuple(fc.tuple(...field.args.map(({ type }) => valuesFor(type))), fc.boolean())
    .map(([values, byVariables]) => {
      const given = field.args.map((argument, index) => ({
        argument,
        value: values[index] ?? asValue(null),
      }));
      const definitions = given
        .map(({ argument }) => `$${argument.name}: ${String(argument.type)}`)
        .join(' ');
      const passed = given
        .map(
          ({ argument, value }) =>
            `${argument.name}: ${byVariables ? `$${argument.name}` : value.literal}`,
        )
        .join(' ');
      const head = byVariables && given.length > 0 ? `${operation} F(${definitions})` : operation;
      return {
        coordinate: `${root}.${field.name}`,
        query: `${head} { ${field.name}${passed ? `(${passed})` : ''} ${selection} }`,
        variables: byVariables
          ? Object.fromEntries(given.map(({ argument, value }) => [argument.name, value.json]))
          : {},
      };
    });
}
