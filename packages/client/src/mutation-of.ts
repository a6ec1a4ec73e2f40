import { type Mutations, outcomes, queries, selections } from './operations.ts';
import type { Operation } from './transport.ts';

/** Each mutation with the types that it may answer, AuthError among them. */
const membersOf: ReadonlyMap<string, readonly string[]> = /* @__PURE__ */ new Map(
  Object.entries(outcomes).flatMap(([types, names]) =>
    names.split(' ').map((name) => [name, [...types.split(' '), 'AuthError']] as const),
  ),
);

export const mutationNames = (): (keyof Mutations)[] =>
  [...membersOf.keys()] as (keyof Mutations)[];

/** Writes what is asked of a type in place of each `{Name}`. */
const expand = (text: string): string =>
  text.replace(/\{([A-Z]\w+)}/g, (_, type) => `{${expand(selections[type] ?? '')}}`);

/** A mutation that selects every field of its outcomes. */
export function mutationOf(
  name: keyof Mutations,
  input: object,
  tokenDelivery: 'BODY' | 'COOKIE',
): Operation {
  const members = membersOf.get(name) ?? [];
  const fields = members.map((member) => `...on ${member}{${member}}`).join(' ');
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input`;
  return {
    query: expand(`mutation ${name}($input:${type}!){${name}(input:$input){__typename ${fields}}}`),
    variables: { input: members.includes('AuthTokens') ? { ...input, tokenDelivery } : input },
  };
}

/** A query of the client, which selects every field of its answer. */
export const queryOf = (name: keyof typeof queries): string => expand(queries[name]);
