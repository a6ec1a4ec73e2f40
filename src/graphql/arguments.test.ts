import {
  type GraphQLInputField,
  GraphQLInputObjectType,
  getNamedType,
  isEnumType,
  isNonNullType,
} from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../testing/app.ts';
import type { Answer } from '../testing/client.ts';
import { goodPassword } from '../testing/people.ts';
import { authSchema } from './schema.ts';

/** A valid value for each kind of field, so that the tests can make one field at a time invalid. */
const fitting: Readonly<Record<string, unknown>> = {
  email: 'nobody@example.com',
  newEmail: 'nobody@example.com',
  password: goodPassword,
  newPassword: goodPassword,
  code: '123456',
  name: 'Ada',
};

const badTexts = [
  '',
  '\u0000',
  `a${'\u0000'}b`,
  'x'.repeat(10_000),
  'a\r\nb',
  '\u202e\ufeff',
  '\u{1f4a9}',
  '__proto__',
  "' or 1=1 --",
];
const wrongTypes = [12, 1.5, true, [], ['x'], { x: 'y' }];

type InputOfMutation = { readonly name: string; readonly type: GraphQLInputObjectType };
const inputs: InputOfMutation[] = Object.values(
  authSchema().getMutationType()?.getFields() ?? {},
).map((field) => {
  const argument = field.args.find(({ name }) => name === 'input');
  const type = argument && getNamedType(argument.type);
  if (!(type instanceof GraphQLInputObjectType) || field.args.length !== 1)
    throw new Error(`${field.name} does not take one input.`);
  return { name: field.name, type };
});

function fittingValue(field: GraphQLInputField): unknown {
  const type = getNamedType(field.type);
  if (String(field.type).includes('[')) return [];
  if (isEnumType(type)) return type.getValues()[0]?.name;
  if (type.name === 'Boolean') return false;
  if (type.name === 'JSONObject') return {};
  if (type.name === 'DateTime') return '2100-01-01T00:00:00.000Z';
  return fitting[field.name] ?? '0190a0a0-0000-7000-8000-000000000000';
}

function fittingInput(type: GraphQLInputObjectType): Record<string, unknown> {
  const required = Object.values(type.getFields()).filter((field) => isNonNullType(field.type));
  return Object.fromEntries(required.map((field) => [field.name, fittingValue(field)]));
}

/** A value as a GraphQL literal. */
function literal(value: unknown, isEnum: boolean): string {
  if (Array.isArray(value)) return `[${value.map((entry) => literal(entry, false)).join(' ')}]`;
  if (typeof value === 'object' && value !== null) {
    return `{${Object.entries(value)
      .map(([key, entry]) => `${key}: ${literal(entry, false)}`)
      .join(' ')}}`;
  }
  return isEnum && typeof value === 'string' ? value : JSON.stringify(value);
}

describe('every argument of every mutation', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.stop());

  const selection = '{ __typename ... on AuthError { code fields { path code } } }';
  const byVariable = ({ name, type }: InputOfMutation, input: unknown): Promise<Answer> =>
    server.send(`mutation M($input: ${type.name}!) { ${name}(input: $input) ${selection} }`, {
      input,
    });
  const byLiteral = (
    { name, type }: InputOfMutation,
    input: Record<string, unknown>,
  ): Promise<Answer> => {
    const fields = Object.entries(input).map(([key, value]) => {
      const field = type.getFields()[key];
      const isEnum = field !== undefined && isEnumType(getNamedType(field.type));
      return `${key}: ${literal(value, isEnum)}`;
    });
    return server.send(`mutation { ${name}(input: {${fields.join(' ')}}) ${selection} }`);
  };

  /** The outcome without the parts that differ from call to call. */
  const outcome = (answer: Answer, { name }: InputOfMutation): string => {
    const [error] = answer.errors;
    if (error) {
      const { code } = error.extensions;
      return ['BAD_USER_INPUT', 'GRAPHQL_VALIDATION_FAILED', 'GRAPHQL_PARSE_FAILED'].includes(code)
        ? 'malformed'
        : code;
    }
    const { __typename, code, fields } = answer.data[name];
    return JSON.stringify([__typename, code, fields]);
  };

  it.each(inputs)(
    'GQ-13 $name: null, absent and present mean the same as literal and as variable',
    async (mutation) => {
      const base = fittingInput(mutation.type);
      const plain = outcome(await byVariable(mutation, base), mutation);
      expect(plain).not.toMatch(/malformed|INTERNAL/);
      expect(outcome(await byLiteral(mutation, base), mutation)).toBe(plain);

      for (const field of Object.values(mutation.type.getFields())) {
        const { [field.name]: _left, ...without } = base;
        const withNull = { ...base, [field.name]: null };
        const absent = [await byVariable(mutation, without), await byLiteral(mutation, without)];
        const isNull = [await byVariable(mutation, withNull), await byLiteral(mutation, withNull)];
        const wanted = isNonNullType(field.type) ? 'malformed' : plain;
        for (const answer of [...absent, ...isNull]) {
          expect.soft(outcome(answer, mutation), `${mutation.name}.${field.name}`).toBe(wanted);
          if (wanted === 'malformed') expect(answer.data).toBeNull();
        }
        const present = { ...base, [field.name]: fittingValue(field) };
        const answers = [await byVariable(mutation, present), await byLiteral(mutation, present)];
        const [variable, written] = answers.map((answer) => outcome(answer, mutation));
        expect.soft(written, `${mutation.name}.${field.name}`).toBe(variable);
        expect.soft(variable, `${mutation.name}.${field.name}`).not.toMatch(/INTERNAL|malformed/);
      }
      for (const nothing of [null, undefined])
        expect(outcome(await byVariable(mutation, nothing), mutation)).toBe('malformed');
    },
  );

  it.each(inputs)(
    'GQ-12 GQ-13 PW-5 $name: no bad value causes an internal error, as literal or variable',
    async (mutation) => {
      const base = fittingInput(mutation.type);
      for (const field of Object.values(mutation.type.getFields())) {
        for (const value of [...badTexts, ...wrongTypes]) {
          const input = { ...base, [field.name]: value };
          const [variable, written] = [
            await byVariable(mutation, input),
            await byLiteral(mutation, input),
          ];
          const where = `${mutation.name}.${field.name} = ${JSON.stringify(value).slice(0, 40)}`;
          expect.soft(outcome(variable, mutation), where).not.toContain('INTERNAL');
          expect.soft(outcome(written, mutation), where).toBe(outcome(variable, mutation));
        }
      }
    },
  );

  it('GQ-13 prototype keys such as __proto__ have no effect', async () => {
    const query = 'mutation M($input: LoginInput!) { login(input: $input) { __typename } }';
    for (const extra of [
      '"__proto__": {"admin": true}',
      '"constructor": {"prototype": {"admin": true}}',
    ]) {
      for (const body of [
        `{"query": "{ me { id } }", "variables": {${extra}}}`,
        `{"query": "{ me { id } }", ${extra}}`,
        `{"query": "${query}", "variables": {"input": ` +
          `{"email": "a@example.com", "password": "x", ${extra}}}}`,
      ]) {
        const response = await fetch(`${server.url}/graphql`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body,
        });
        expect([200, 400]).toContain(response.status);
        expect(await response.text()).not.toMatch(/INTERNAL|"id":"/);
      }
    }
    expect('admin' in {}).toBe(false);
  });
});
