import { GraphQLError, GraphQLScalarType, Kind, type ValueNode } from 'graphql';

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
export type JsonObject = { readonly [key: string]: JsonValue };

/** Bytes of an object as JSON, in UTF-8. */
export const maxJsonBytes = 16_384;
/** Objects and lists within one another; the outermost is the first. */
export const maxJsonDepth = 8;

/**
 * A JSON object with bounds. The scalar of graphql-scalars has none, turns names that are not
 * strings into undefined, and quotes what it refuses, which may be a secret (GQ-10).
 */
export const JSONObject = new GraphQLScalarType<JsonObject, JsonObject>({
  name: 'JSONObject',
  description: `A JSON object, ${maxJsonBytes / 1024} kB and ${maxJsonDepth} levels deep at most.`,
  serialize: (value) => {
    if (!isObject(value)) throw refusal('is an object');
    return value as JsonObject;
  },
  parseValue: (value) => bounded(value),
  parseLiteral: (node, variables) => bounded(read(node, variables ?? {}, 1)),
});

/** The value, where every rule holds. Throws a GraphQLError that names the rule, not the value. */
function bounded(value: unknown): JsonObject {
  if (!isObject(value)) throw refusal('is an object');
  assertValue(value, 1);
  if (Buffer.byteLength(JSON.stringify(value)) > maxJsonBytes)
    throw refusal(`has ${maxJsonBytes} bytes at most`);
  return value as JsonObject;
}

function assertValue(value: unknown, depth: number): void {
  if (typeof value === 'string') assertText(value);
  else if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw refusal('has finite numbers only');
  } else if (typeof value === 'object' && value !== null) {
    assertDepth(depth);
    for (const [key, member] of Object.entries(value)) {
      assertText(key);
      // SECURITY: what merges objects by assignment would change the prototype.
      if (key === '__proto__') throw refusal('has no member named __proto__');
      assertValue(member, depth + 1);
    }
  } else if (typeof value !== 'boolean' && value !== null) throw refusal('holds JSON values only');
}

/** PostgreSQL stores neither in jsonb (section 8.14). */
function assertText(text: string): void {
  if (text.includes('\0') || /\p{Surrogate}/u.test(text))
    throw refusal('has no NUL and no lone surrogate in its text');
}

function assertDepth(depth: number): void {
  if (depth > maxJsonDepth) throw refusal(`is ${maxJsonDepth} levels deep at most`);
}

/** What a literal in the document says; a variable in it that is not given leaves its place out. */
function read(
  node: ValueNode,
  variables: Readonly<Record<string, unknown>>,
  depth: number,
): unknown {
  switch (node.kind) {
    case Kind.STRING:
    case Kind.BOOLEAN:
      return node.value;
    case Kind.INT:
    case Kind.FLOAT:
      return Number(node.value);
    case Kind.NULL:
      return null;
    case Kind.VARIABLE:
      return variables[node.name.value];
    case Kind.LIST:
      assertDepth(depth);
      return node.values
        .map((item) => read(item, variables, depth + 1))
        .filter((item) => item !== undefined);
    case Kind.OBJECT:
      assertDepth(depth);
      return Object.fromEntries(
        node.fields
          .map(({ name, value }) => [name.value, read(value, variables, depth + 1)] as const)
          .filter(([, value]) => value !== undefined),
      );
    case Kind.ENUM:
      throw refusal('holds JSON values only');
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refusal(rule: string): GraphQLError {
  return new GraphQLError(`A JSONObject ${rule}.`);
}
