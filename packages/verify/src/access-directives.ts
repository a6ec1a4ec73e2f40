import type { ConstDirectiveNode, ConstValueNode, GraphQLSchema } from 'graphql';

/** Any one list of names is enough, and of that list every name is needed. */
export type Alternatives = readonly (readonly string[])[];

/** What the directives on a field or a type ask of a caller; null where there are none. */
export type Demand = {
  readonly scopes: readonly Alternatives[];
  readonly policies: readonly Alternatives[];
};

/** Anything of a schema that may carry a directive. */
export type Marked = {
  readonly astNode?: { readonly directives?: readonly ConstDirectiveNode[] } | null | undefined;
  readonly extensionASTNodes?:
    | readonly { readonly directives?: readonly ConstDirectiveNode[] }[]
    | null
    | undefined;
  readonly extensions?: object | null | undefined;
};

/** The names that a schema gives to the three directives. */
export type DirectiveNames = Readonly<Record<keyof typeof argumentOf, ReadonlySet<string>>>;

/** The argument of each that lists alternatives. */
const argumentOf = { authenticated: null, requiresScopes: 'scopes', policy: 'policies' } as const;

type Applied = { readonly name: string; readonly args: Readonly<Record<string, unknown>> };

/**
 * The names under which a schema imports the directives from Federation (`@link` with `as`), beside
 * the usual ones where it renames none.
 */
export function namesIn(schema: GraphQLSchema): DirectiveNames {
  const names = {
    authenticated: new Set<string>(),
    requiresScopes: new Set<string>(),
    policy: new Set<string>(),
  };
  for (const { args } of directivesOf(schema).filter(({ name }) => name === 'link')) {
    const { url, as = 'federation', import: imported = [] } = args;
    if (typeof url !== 'string' || !url.startsWith('https://specs.apollo.dev/federation/'))
      continue;
    for (const [name, known] of Object.entries(names)) known.add(`${as}__${name}`);
    for (const one of Array.isArray(imported) ? imported : []) {
      const { name, as: other }: { name?: unknown; as?: unknown } = Object(one);
      for (const [directive, known] of Object.entries(names))
        if (name === `@${directive}` && typeof other === 'string') known.add(other.slice(1));
    }
  }
  // SECURITY: also where another name is imported, so that no mark is overlooked.
  for (const [name, known] of Object.entries(names)) known.add(name);
  return names;
}

/** What is asked of who reads what is marked. Throws TypeError for arguments of another shape. */
export function demandOf(marked: Marked, names: DirectiveNames, where: string): Demand | null {
  const applied = directivesOf(marked);
  const lists = (directive: 'requiresScopes' | 'policy') =>
    applied
      .filter(({ name }) => names[directive].has(name))
      .map(({ args }) => alternatives(args[argumentOf[directive]], `@${directive} of ${where}`));
  const scopes = lists('requiresScopes');
  const policies = lists('policy');
  const isMarked = applied.some(({ name }) => names.authenticated.has(name));
  return isMarked || scopes.length + policies.length > 0 ? { scopes, policies } : null;
}

function alternatives(value: unknown, where: string): Alternatives {
  // A single value stands for a list of it (GraphQL 3.11, input coercion).
  const listOf = (one: unknown): unknown[] => (Array.isArray(one) ? one : [one]);
  return listOf(value).map((names) =>
    listOf(names).map((name) => {
      if (typeof name === 'string') return name;
      throw new TypeError(`${where} takes a list of lists of names.`);
    }),
  );
}

/** Written in SDL, or put into `extensions.directives` as code-first libraries do. */
function directivesOf({ astNode, extensionASTNodes, extensions }: Marked): Applied[] {
  const nodes = [astNode, ...(extensionASTNodes ?? [])].flatMap((node) => node?.directives ?? []);
  const written = nodes.map(({ name, arguments: args = [] }) => ({
    name: name.value,
    args: Object.fromEntries(args.map((arg) => [arg.name.value, jsonOf(arg.value)])),
  }));
  const { directives }: { directives?: unknown } = Object(extensions);
  return [...written, ...inExtensions(directives)];
}

/** `{ name: args }`, `{ name: [args] }` or `[{ name, args }]`. */
function inExtensions(directives: unknown): Applied[] {
  if (Array.isArray(directives))
    return directives.map(({ name, args }) => ({ name: String(name), args: Object(args) }));
  return Object.entries(Object(directives)).flatMap(([name, value]) =>
    [value].flat().map((args) => ({ name, args: Object(args) })),
  );
}

/** A constant of SDL as JSON; graphql's own conversion needs the type of the argument. */
function jsonOf(node: ConstValueNode): unknown {
  switch (node.kind) {
    case 'ListValue':
      return node.values.map(jsonOf);
    case 'ObjectValue':
      return Object.fromEntries(node.fields.map(({ name, value }) => [name.value, jsonOf(value)]));
    case 'NullValue':
      return null;
    default:
      return node.value;
  }
}
