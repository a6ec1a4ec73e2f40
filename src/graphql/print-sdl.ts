import {
  type ConstDirectiveNode,
  type DocumentNode,
  type FieldDefinitionNode,
  type GraphQLSchema,
  Kind,
  type ObjectTypeDefinitionNode,
  parse,
  print,
  printSchema,
  visit,
} from 'graphql';

/** Directives by schema coordinate: `User` or `Query.usersByIds`. */
type Applied = Readonly<Record<string, string>>;

/**
 * Fields and types that the Federation specification requires of every subgraph; only gateways use
 * them.
 */
const federationFields = new Set(['_entities', '_service', '_sdl']);
const federationTypes = new Set(['_Any', '_Entity', '_Service']);

/**
 * Tools that do not implement federation read this SDL, so it defines the one directive that it
 * uses.
 */
const publicDefinitions = `
  "The fields by which other graphs refer to this type (Apollo Federation)."
  directive @key("Their names." fields: String!) repeatable on OBJECT | INTERFACE
`;
const publicDirectives: Applied = { User: '@key(fields: "id")' };

const federationLink = `
  extend schema @link(
    url: "https://specs.apollo.dev/federation/v2.3"
    import: ["@key", "@shareable", "@inaccessible"]
  )
`;
const federationDirectives: Applied = {
  User: '@key(fields: "id")',
  // A subgraph of profiles may resolve the name too.
  'User.name': '@shareable',
  // SECURITY: the gateway sends its credential with every request, so its own callers must not
  // reach this field through it.
  'Query.usersByIds': '@inaccessible',
};

const stitchingDefinitions = `
  "How rows of this type are fetched by key (https://the-guild.dev/graphql/stitching)."
  directive @merge("The key of the result's type." keyField: String) on FIELD_DEFINITION
`;
const stitchingDirectives: Applied = {
  // SECURITY: RemoveObjectFieldsWithDeprecation removes fields deprecated for "gateway access only"
  // from the gateway's own schema.
  'Query.usersByIds': '@merge(keyField: "id") @deprecated(reason: "gateway access only")',
};

/**
 * The SDL for clients and their tools, without the gateway fields; it is stored in schema.graphql.
 */
export function printPublicSdl(schema: GraphQLSchema): string {
  return printWith(schema, publicDefinitions, publicDirectives);
}

/**
 * The SDL for `_service`: with the directives of Apollo Federation 2, and without the fields and
 * types that federation itself adds, as its specification requires.
 */
export function printSubgraphSdl(schema: GraphQLSchema): string {
  return printWith(schema, federationLink, federationDirectives);
}

/** The SDL for `_sdl`: with the directives of schema stitching. */
export function printStitchingSdl(schema: GraphQLSchema): string {
  return printWith(schema, stitchingDefinitions, stitchingDirectives);
}

function printWith(schema: GraphQLSchema, definitions: string, applied: Applied): string {
  const document = withDirectives(withoutFederationFields(parse(printSchema(schema))), applied);
  return print({
    ...document,
    definitions: [...parse(definitions).definitions, ...document.definitions],
  });
}

function withoutFederationFields(document: DocumentNode): DocumentNode {
  return visit(document, {
    ObjectTypeDefinition: (node) => (federationTypes.has(node.name.value) ? null : undefined),
    UnionTypeDefinition: (node) => (federationTypes.has(node.name.value) ? null : undefined),
    ScalarTypeDefinition: (node) => (federationTypes.has(node.name.value) ? null : undefined),
    FieldDefinition: (node) => (federationFields.has(node.name.value) ? null : undefined),
  });
}

function withDirectives(document: DocumentNode, applied: Applied): DocumentNode {
  const missing = new Set(Object.keys(applied));
  const directivesOf = (
    coordinate: string,
    node: ObjectTypeDefinitionNode | FieldDefinitionNode,
  ): ConstDirectiveNode[] => {
    missing.delete(coordinate);
    return [...(node.directives ?? []), ...parseDirectives(applied[coordinate])];
  };
  const answer = visit(document, {
    ObjectTypeDefinition: (node) => ({
      ...node,
      directives: directivesOf(node.name.value, node),
      fields: (node.fields ?? []).map((field) => ({
        ...field,
        directives: directivesOf(`${node.name.value}.${field.name.value}`, field),
      })),
    }),
  });
  if (missing.size > 0) throw new Error(`The schema lacks ${[...missing].join(', ')}.`);
  return answer;
}

function parseDirectives(text: string | undefined): readonly ConstDirectiveNode[] {
  const [definition] = text === undefined ? [] : parse(`scalar S ${text}`).definitions;
  return definition?.kind === Kind.SCALAR_TYPE_DEFINITION ? (definition.directives ?? []) : [];
}
