import {
  type DocumentNode,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';

/**
 * A document is parsed once and executed many times, so the fields of its operations are cached.
 */
const cache = new WeakMap<OperationDefinitionNode, readonly string[]>();

/**
 * The root fields that an operation selects, such as `Query.me` or `Mutation.login`, each once;
 * fields selected through fragments are included.
 */
export function rootFields(
  document: DocumentNode,
  operation: OperationDefinitionNode,
): readonly string[] {
  const fields = cache.get(operation) ?? collectRootFields(document, operation);
  cache.set(operation, fields);
  return fields;
}

function collectRootFields(
  document: DocumentNode,
  operation: OperationDefinitionNode,
): readonly string[] {
  const root = operation.operation === 'mutation' ? 'Mutation' : 'Query';
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION)
      fragments.set(definition.name.value, definition);
  }
  const fields = new Set<string>();
  const seen = new Set<string>();
  const collect = (selections: SelectionSetNode): void => {
    for (const selection of selections.selections) {
      if (selection.kind === Kind.FIELD) {
        // `__typename` is answered by GraphQL itself and needs no access check.
        if (selection.name.value !== '__typename') fields.add(`${root}.${selection.name.value}`);
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        collect(selection.selectionSet);
      } else if (!seen.has(selection.name.value)) {
        seen.add(selection.name.value);
        const fragment = fragments.get(selection.name.value);
        if (fragment) collect(fragment.selectionSet);
      }
    }
  };
  collect(operation.selectionSet);
  return [...fields];
}
