import { type Mutations, selections, yields } from './operations.ts';
import type { Operation } from './transport.ts';

/** A mutation that selects every field of its outcomes. */
export function mutationOf(
  name: keyof Mutations,
  input: object,
  tokenDelivery: 'BODY' | 'COOKIE',
): Operation {
  const members = [...yields[name].split(' '), 'AuthError'];
  const fields = members.map((member) => `...on ${member}{${selections[member]}}`).join(' ');
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input`;
  return {
    query: `mutation ${name}($input:${type}!){${name}(input:$input){__typename ${fields}}}`,
    variables: { input: members.includes('AuthTokens') ? { ...input, tokenDelivery } : input },
  };
}
