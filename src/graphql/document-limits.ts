import {
  type ASTNode,
  type ASTVisitor,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLError,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isInterfaceType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type ValidationContext,
} from 'graphql';
import { repeatableFields } from './access.ts';

/**
 * What a document may hold. Generous for a person, a client library or a gateway; docs/security.md
 * has the table.
 */
export const documentLimits = {
  /** Words and signs, counted while parsing: nothing longer is ever a tree. */
  tokens: 1000,
  operations: 5,
  fragments: 20,
  /** Fields within fields. */
  depth: 8,
  /** Braces within braces, those of fragments too. */
  nesting: 25,
  aliases: 15,
  /** In the whole document, and at one place. */
  directives: 20,
  directivesAtOnePlace: 3,
  /** Fields of one operation when every fragment stands in its place. */
  fields: 250,
  /** The same for the schema's own description, where that may be asked for. */
  selections: 1000,
  /**
   * Objects that an operation may ask for at most: a field counts 1, what is below a list once for
   * each of its members.
   */
  cost: 5000,
} as const;

/**
 * A list that has no `first` of its own, or whose `first` or ids come from a variable, is taken to
 * be as long as one may be.
 */
const longestList = 100;

/** Arguments that say how many. */
const sizes: ReadonlySet<string> = new Set(['first', 'last', 'ids', 'representations']);

/** Errors of one answer: a document with a hundred faults is no person's (GQ-6). */
export const mostErrors = 5;

/** What a selection comes to, fragments counted wherever they are spread. */
type Size = {
  readonly fields: number;
  readonly depth: number;
  readonly nesting: number;
  readonly cost: number;
  /** Fields of the schema's own description. */
  readonly described: number;
  /** How often each mutation is called that may be called once. */
  readonly once: ReadonlyMap<string, number>;
};

const nothing: Size = { fields: 0, depth: 0, nesting: 0, cost: 0, described: 0, once: new Map() };

/**
 * A rule for graphql-js's `validate`: refuses a document that asks for too much before any other
 * rule walks it, since some of those take quadratic time (GQ-1 to GQ-6). Each fragment is measured
 * once, so thirty that double each other take no longer than thirty that do not (ADV-36).
 */
export function limitDocument(context: ValidationContext): ASTVisitor {
  return {
    Document: (document) => {
      const fault = findFault(context.getSchema(), document);
      if (fault === null) return undefined;
      context.reportError(fault);
      // In place of a document that is too large the other rules get one with nothing in it to
      // walk.
      return { ...document, definitions: [] };
    },
  };
}

function findFault(schema: GraphQLSchema, document: DocumentNode): GraphQLError | null {
  const operations: OperationDefinitionNode[] = [];
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.OPERATION_DEFINITION) operations.push(definition);
    else if (definition.kind === Kind.FRAGMENT_DEFINITION) {
      // Of two with one name neither is measured in the other's place.
      if (fragments.has(definition.name.value))
        return refusal('There are two fragments of one name.');
      fragments.set(definition.name.value, definition);
    }
  }
  if (operations.length > documentLimits.operations)
    return refusal(atMost('operations', 'operations'));
  if (fragments.size > documentLimits.fragments) return refusal(atMost('fragments', 'fragments'));
  return findFlood(document) ?? findExcess(schema, { operations, fragments });
}

/** Aliases and directives as they are written: more of them than anybody writes. */
function findFlood(document: DocumentNode): GraphQLError | null {
  let aliases = 0;
  let directives = 0;
  const queue: ASTNode[] = [...document.definitions];
  for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
    if ('directives' in node && node.directives) {
      if (node.directives.length > documentLimits.directivesAtOnePlace) {
        return refusal(atMost('directivesAtOnePlace', 'directives at one place'), node);
      }
      directives += node.directives.length;
    }
    if (node.kind === Kind.FIELD && node.alias) aliases += 1;
    if (node.kind === Kind.OPERATION_DEFINITION) queue.push(...(node.variableDefinitions ?? []));
    if ('selectionSet' in node && node.selectionSet) queue.push(...node.selectionSet.selections);
  }
  if (aliases > documentLimits.aliases) return refusal(atMost('aliases', 'aliases'));
  if (directives > documentLimits.directives) return refusal(atMost('directives', 'directives'));
  return null;
}

type Parts = {
  readonly operations: readonly OperationDefinitionNode[];
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
};

function findExcess(schema: GraphQLSchema, { operations, fragments }: Parts): GraphQLError | null {
  const measure = createMeasure(schema, fragments);
  const calls = new Map<string, number>();
  for (const operation of operations) {
    const root = schema.getRootType(operation.operation);
    if (!root) return refusal('There are no operations of this kind.', operation);
    const size = measure(operation.selectionSet, root);
    if (size === null) return refusal('A fragment contains itself.', operation);
    if (size.depth > documentLimits.depth)
      return refusal(atMost('depth', 'levels of fields'), operation);
    if (size.nesting > documentLimits.nesting)
      return refusal(atMost('nesting', 'levels of selections'), operation);
    if (size.fields > documentLimits.fields) return refusal(atMost('fields', 'fields'), operation);
    if (size.described > documentLimits.selections)
      return refusal(atMost('selections', 'fields of the schema'), operation);
    if (size.cost > documentLimits.cost)
      return refusal('This asks for too much at a time: use smaller pages.', operation);
    if (sum(size.once) > 1) return refusal(onceInAnOperation, operation);
    for (const [name, count] of size.once) calls.set(name, (calls.get(name) ?? 0) + count);
  }
  const repeated = [...calls].find(([, count]) => count > 1)?.[0];
  return repeated === undefined ? null : refusal(`"${repeated}" may stand in a document once.`);
}

const onceInAnOperation =
  'Of the mutations that try or change a secret an operation may hold one, and that once.';

/** Measures selections; null where a fragment contains itself. */
function createMeasure(schema: GraphQLSchema, fragments: Parts['fragments']) {
  const known = new Map<string, Size>();
  const open = new Set<string>();
  const mutation = schema.getMutationType();

  const ofFragment = (name: string): Size | null => {
    const size = known.get(name);
    if (size) return size;
    const fragment = fragments.get(name);
    if (!fragment) return nothing;
    if (open.has(name)) return null;
    open.add(name);
    const measured = measure(
      fragment.selectionSet,
      schema.getType(fragment.typeCondition.name.value),
    );
    open.delete(name);
    if (measured) known.set(name, measured);
    return measured;
  };

  const ofField = (field: FieldNode, parent: GraphQLNamedType | null | undefined): Size | null => {
    const name = field.name.value;
    const definition =
      isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[name] : undefined;
    const below = field.selectionSet
      ? measure(field.selectionSet, definition ? getNamedType(definition.type) : undefined)
      : nothing;
    if (below === null) return null;
    // The schema's own description: whether it may be asked for is for Apollo to say.
    if (name.startsWith('__')) return { ...nothing, fields: 1, cost: 1, described: below.fields };
    const takesOne = mutation !== undefined && mutation !== null && parent === mutation;
    return {
      fields: 1 + below.fields,
      depth: 1 + below.depth,
      nesting: below.nesting,
      cost:
        1 + membersOf(field, definition?.args.map((argument) => argument.name) ?? []) * below.cost,
      described: below.described,
      once:
        takesOne && !repeatableFields.has(`${mutation.name}.${name}`)
          ? plus(below.once, new Map([[name, 1]]))
          : below.once,
    };
  };

  const measure = (
    set: SelectionSetNode,
    parent: GraphQLNamedType | null | undefined,
  ): Size | null => {
    let total = nothing;
    for (const selection of set.selections) {
      const size =
        selection.kind === Kind.FIELD
          ? ofField(selection, parent)
          : selection.kind === Kind.FRAGMENT_SPREAD
            ? ofFragment(selection.name.value)
            : measure(
                selection.selectionSet,
                selection.typeCondition
                  ? schema.getType(selection.typeCondition.name.value)
                  : parent,
              );
      if (size === null) return null;
      total = {
        fields: total.fields + size.fields,
        depth: Math.max(total.depth, size.depth),
        nesting: Math.max(total.nesting, 1 + size.nesting),
        cost: total.cost + size.cost,
        described: total.described + size.described,
        once: plus(total.once, size.once),
      };
    }
    return total;
  };
  return measure;
}

/** How many objects a field may answer with: what `first` says, or as many as there are ids. */
function membersOf(field: FieldNode, takes: readonly string[]): number {
  const sized = takes.filter((name) => sizes.has(name));
  if (sized.length === 0) return 1;
  const given = field.arguments?.filter((argument) => sized.includes(argument.name.value)) ?? [];
  const counts = given.map(({ value }) => {
    if (value.kind === Kind.INT) return Number(value.value);
    return value.kind === Kind.LIST ? value.values.length : longestList;
  });
  // Left out, the schema's default holds, which is far below the longest.
  return counts.length === 0 ? Math.min(20, longestList) : Math.max(1, ...counts);
}

function plus(left: Size['once'], right: Size['once']): Size['once'] {
  if (left.size === 0) return right;
  if (right.size === 0) return left;
  const both = new Map(left);
  for (const [name, count] of right) both.set(name, (both.get(name) ?? 0) + count);
  return both;
}

function sum(counts: Size['once']): number {
  let total = 0;
  for (const count of counts.values()) total += count;
  return total;
}

function atMost(limit: keyof typeof documentLimits, of: string): string {
  return `A document may have at most ${documentLimits[limit]} ${of}.`;
}

function refusal(message: string, node?: ASTNode): GraphQLError {
  return new GraphQLError(message, {
    ...(node ? { nodes: [node] } : {}),
    extensions: { [excess]: true },
  });
}

/** Stays inside: http/graphql/format-error passes on no extension that it does not know. */
const excess = 'excess';

/** graphql-js's own, of the parser and of the validator. */
const excessMessages =
  /^Syntax Error: Document contains more tha|^Too many validation errors|^Maximum introspection depth|^Too many errors processing/;

/** Whether this refuses a document for its size, and not for a mistake in it. */
export function isExcess({ message, extensions }: GraphQLError): boolean {
  return extensions[excess] === true || excessMessages.test(message);
}
