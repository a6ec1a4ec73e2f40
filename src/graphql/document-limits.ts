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
  type SelectionNode,
  type SelectionSetNode,
  type ValidationContext,
} from 'graphql';
import { mostAdmins } from '../domain/admin/list-administrators.ts';
import { repeatableFields } from './access.ts';

/**
 * Limits on a document. They are generous for a person, a client library or a gateway;
 * docs/security.md has the table.
 */
export const documentLimits = {
  /** Counted while parsing: a longer document never becomes a tree. */
  tokens: 1000,
  operations: 5,
  fragments: 20,
  /** Levels of nested fields. */
  depth: 8,
  /** Levels of nested selection sets, including those of fragments. */
  nesting: 25,
  aliases: 15,
  /** Directives in the whole document; the next limit is for one place. */
  directives: 20,
  directivesAtOnePlace: 3,
  /** Fields of one operation, counting a fragment at each spread. */
  fields: 250,
  /** The same for fields of introspection, if it is enabled. */
  selections: 1000,
  /**
   * Objects that an operation may request: a field counts 1, and the selection below a list is
   * multiplied by the length of the list.
   */
  cost: 5000,
} as const;

/**
 * The assumed length of a list whose size comes from a variable: the largest that a list may have,
 * other than `representations`, which only gateways send and the body's size bounds.
 */
const longestList = 100;

/** Arguments that determine the length of a list. */
const sizes: ReadonlySet<string> = new Set(['first', 'last', 'ids', 'representations']);

/** Lists of users that have no size argument, and the most that they hold. */
const wholeLists: ReadonlyMap<string, number> = new Map([['Query.administrators', mostAdmins]]);

/** Limit on the errors in one answer: no honest client needs to read a hundred (GQ-6). */
export const mostErrors = 5;

/** The size of a selection set; a fragment counts at each spread. */
type Size = {
  readonly fields: number;
  readonly depth: number;
  readonly nesting: number;
  readonly cost: number;
  /** Fields of introspection. */
  readonly introspected: number;
  /** Calls of each sensitive mutation. */
  readonly sensitiveCalls: ReadonlyMap<string, number>;
};

const nothing: Size = {
  fields: 0,
  depth: 0,
  nesting: 0,
  cost: 0,
  introspected: 0,
  sensitiveCalls: new Map(),
};

/**
 * A rule for graphql-js's `validate`: refuses an oversized document before any other rule visits
 * it, since some of those take quadratic time (GQ-1 to GQ-6). Each fragment is measured once, so
 * thirty fragments that double each other take no longer than thirty that do not (ADV-36).
 */
export function limitDocument(context: ValidationContext): ASTVisitor {
  return {
    Document: (document) => {
      const fault = checkDocument(context.getSchema(), document);
      if (fault === null) return undefined;
      context.reportError(fault);
      // The other rules then visit an empty document instead of the oversized one.
      return { ...document, definitions: [] };
    },
  };
}

function checkDocument(schema: GraphQLSchema, document: DocumentNode): GraphQLError | null {
  const operations: OperationDefinitionNode[] = [];
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.OPERATION_DEFINITION) operations.push(definition);
    else if (definition.kind === Kind.FRAGMENT_DEFINITION) {
      // With duplicate names, one fragment would be measured in place of the other.
      if (fragments.has(definition.name.value))
        return refusal('There are two fragments of one name.');
      fragments.set(definition.name.value, definition);
    }
  }
  if (operations.length > documentLimits.operations)
    return refusal(atMost('operations', 'operations'));
  if (fragments.size > documentLimits.fragments) return refusal(atMost('fragments', 'fragments'));
  return checkAliasesAndDirectives(document) ?? checkOperations(schema, { operations, fragments });
}

/** Refuses too many aliases or directives, counted as written in the document. */
function checkAliasesAndDirectives(document: DocumentNode): GraphQLError | null {
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

function checkOperations(
  schema: GraphQLSchema,
  { operations, fragments }: Parts,
): GraphQLError | null {
  const measurement = { schema, fragments, cache: new Map(), inProgress: new Set<string>() };
  const calls = new Map<string, number>();
  for (const operation of operations) {
    const root = schema.getRootType(operation.operation);
    if (!root) return refusal('There are no operations of this kind.', operation);
    const size = measureSelections(measurement, operation.selectionSet, root);
    if (size === null) return refusal('A fragment contains itself.', operation);
    if (size.depth > documentLimits.depth)
      return refusal(atMost('depth', 'levels of fields'), operation);
    if (size.nesting > documentLimits.nesting)
      return refusal(atMost('nesting', 'levels of selections'), operation);
    if (size.fields > documentLimits.fields) return refusal(atMost('fields', 'fields'), operation);
    if (size.introspected > documentLimits.selections)
      return refusal(atMost('selections', 'fields of the schema'), operation);
    if (size.cost > documentLimits.cost)
      return refusal('This asks for too much at a time: use smaller pages.', operation);
    if (sum(size.sensitiveCalls) > 1) return refusal(onceInAnOperation, operation);
    for (const [name, count] of size.sensitiveCalls)
      calls.set(name, (calls.get(name) ?? 0) + count);
  }
  const repeated = [...calls].find(([, count]) => count > 1)?.[0];
  return repeated === undefined ? null : refusal(`"${repeated}" may stand in a document once.`);
}

const onceInAnOperation =
  'Of the mutations that try or change a secret an operation may hold one, and that once.';

type Measurement = {
  readonly schema: GraphQLSchema;
  readonly fragments: Parts['fragments'];
  /** Sizes of the fragments that were measured already. */
  readonly cache: Map<string, Size>;
  /** Fragments whose measurement has begun: reaching one of them again is a cycle. */
  readonly inProgress: Set<string>;
};

type ParentType = GraphQLNamedType | null | undefined;

/** The size of a selection set; null if a fragment contains itself. */
function measureSelections(
  measurement: Measurement,
  selections: SelectionSetNode,
  parent: ParentType,
): Size | null {
  let total = nothing;
  for (const selection of selections.selections) {
    const size = measureSelection(measurement, selection, parent);
    if (size === null) return null;
    total = {
      fields: total.fields + size.fields,
      depth: Math.max(total.depth, size.depth),
      nesting: Math.max(total.nesting, 1 + size.nesting),
      cost: total.cost + size.cost,
      introspected: total.introspected + size.introspected,
      sensitiveCalls: plus(total.sensitiveCalls, size.sensitiveCalls),
    };
  }
  return total;
}

function measureSelection(
  measurement: Measurement,
  selection: SelectionNode,
  parent: ParentType,
): Size | null {
  if (selection.kind === Kind.FIELD) return measureField(measurement, selection, parent);
  if (selection.kind === Kind.FRAGMENT_SPREAD)
    return measureFragment(measurement, selection.name.value);
  const { typeCondition, selectionSet } = selection;
  const type = typeCondition ? measurement.schema.getType(typeCondition.name.value) : parent;
  return measureSelections(measurement, selectionSet, type);
}

function measureFragment(measurement: Measurement, name: string): Size | null {
  const { schema, fragments, cache, inProgress } = measurement;
  const cached = cache.get(name);
  if (cached) return cached;
  const fragment = fragments.get(name);
  if (!fragment) return nothing;
  if (inProgress.has(name)) return null;
  inProgress.add(name);
  const type = schema.getType(fragment.typeCondition.name.value);
  const size = measureSelections(measurement, fragment.selectionSet, type);
  inProgress.delete(name);
  if (size) cache.set(name, size);
  return size;
}

function measureField(measurement: Measurement, field: FieldNode, parent: ParentType): Size | null {
  const name = field.name.value;
  const definition =
    isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[name] : undefined;
  const type = definition ? getNamedType(definition.type) : undefined;
  const below = field.selectionSet
    ? measureSelections(measurement, field.selectionSet, type)
    : nothing;
  if (below === null) return null;
  // Apollo Server decides whether introspection is allowed.
  if (name.startsWith('__')) return { ...nothing, fields: 1, cost: 1, introspected: below.fields };
  const argumentNames = definition?.args.map((argument) => argument.name) ?? [];
  const mutation = measurement.schema.getMutationType();
  const members = wholeLists.get(`${parent?.name}.${name}`) ?? membersOf(field, argumentNames);
  const isSensitive =
    mutation && parent === mutation && !repeatableFields.has(`${mutation.name}.${name}`);
  return {
    fields: 1 + below.fields,
    depth: 1 + below.depth,
    nesting: below.nesting,
    cost: 1 + members * below.cost,
    introspected: below.introspected,
    sensitiveCalls: isSensitive
      ? plus(below.sensitiveCalls, new Map([[name, 1]]))
      : below.sensitiveCalls,
  };
}

/** How many objects a field may return: its `first` or `last`, or the number of its ids. */
function membersOf(field: FieldNode, argumentNames: readonly string[]): number {
  const sized = argumentNames.filter((name) => sizes.has(name));
  if (sized.length === 0) return 1;
  const given = field.arguments?.filter((argument) => sized.includes(argument.name.value)) ?? [];
  const counts = given.map(({ value }) => {
    if (value.kind === Kind.INT) return Number(value.value);
    return value.kind === Kind.LIST ? value.values.length : longestList;
  });
  // Without a size argument the schema's default applies, far below the longest list.
  return counts.length === 0 ? Math.min(20, longestList) : Math.max(1, ...counts);
}

function plus(left: Size['sensitiveCalls'], right: Size['sensitiveCalls']): Size['sensitiveCalls'] {
  if (left.size === 0) return right;
  if (right.size === 0) return left;
  const both = new Map(left);
  for (const [name, count] of right) both.set(name, (both.get(name) ?? 0) + count);
  return both;
}

function sum(counts: Size['sensitiveCalls']): number {
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

/** Not disclosed to callers: http/graphql/format-error drops unknown extensions. */
const excess = 'excess';

/** The messages of graphql-js's own limits, in its parser and its validator. */
const excessMessages = [
  /^Syntax Error: Document contains more tha/,
  /^Too many validation errors/,
  /^Maximum introspection depth/,
  /^Too many errors processing/,
];

/** Whether a document was refused for its size, and not for a mistake in it. */
export function isExcess({ message, extensions }: GraphQLError): boolean {
  return extensions[excess] === true || excessMessages.some((pattern) => pattern.test(message));
}
