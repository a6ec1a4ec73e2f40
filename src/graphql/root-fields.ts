import {
  type DocumentNode,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';

/** An operation belongs to one document, which is parsed once and asked for again and again. */
const known = new WeakMap<OperationDefinitionNode, readonly string[]>();

/**
 * `Query.me`, `Mutation.login` …: the root fields that an operation asks for, through fragments
 * too, each once.
 */
export function rootFields(
  document: DocumentNode,
  operation: OperationDefinitionNode,
): readonly string[] {
  const fields = known.get(operation) ?? collectRootFields(document, operation);
  known.set(operation, fields);
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
        // The meta fields are the document's, not an operation of ours.
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
