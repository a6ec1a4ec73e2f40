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

/** Directives by what they stand on: `User` or `Query.usersByIds`. */
type Applied = Readonly<Record<string, string>>;

/**
 * What the Federation spec demands of every subgraph; gateways know it, and everyone else has no
 * use for it.
 */
const machineFields = new Set(['_entities', '_service', '_sdl']);
const machineTypes = new Set(['_Any', '_Entity', '_Service']);

/** Read by tools that know nothing of federation, so the one directive is defined here too. */
const publicDefinitions = `
  "The fields by which other graphs refer to this type (Apollo Federation)."
  directive @key("Their names." fields: String!) repeatable on OBJECT | INTERFACE
`;
const publicDirectives: Applied = { User: '@key(fields: "id")' };

const federationLink = `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@shareable", "@inaccessible"])
`;
const federationDirectives: Applied = {
  User: '@key(fields: "id")',
  // A graph of profiles may know the name as well.
  'User.name': '@shareable',
  // SECURITY: the gateway shows its credential with every request, so its own callers must not
  // reach this by way of it.
  'Query.usersByIds': '@inaccessible',
};

const stitchingDefinitions = `
  "How rows of this type are fetched by key (https://the-guild.dev/graphql/stitching)."
  directive @merge("The key of the result's type." keyField: String) on FIELD_DEFINITION
`;
const stitchingDirectives: Applied = {
  // SECURITY: "gateway access only" is what RemoveObjectFieldsWithDeprecation takes out of the
  // gateway's own schema.
  'Query.usersByIds': '@merge(keyField: "id") @deprecated(reason: "gateway access only")',
};

/** For clients and their tools, without what is for gateways only; schema.graphql. */
export function printPublicSdl(schema: GraphQLSchema): string {
  return printWith(schema, publicDefinitions, publicDirectives);
}

/**
 * For `_service`: with the directives of Apollo Federation 2, whose own fields and types are left
 * out (the spec asks so).
 */
export function printSubgraphSdl(schema: GraphQLSchema): string {
  return printWith(schema, federationLink, federationDirectives);
}

/** For `_sdl`: with the directives of schema stitching. */
export function printStitchingSdl(schema: GraphQLSchema): string {
  return printWith(schema, stitchingDefinitions, stitchingDirectives);
}

function printWith(schema: GraphQLSchema, definitions: string, applied: Applied): string {
  const document = withDirectives(withoutMachinery(parse(printSchema(schema))), applied);
  return print({
    ...document,
    definitions: [...parse(definitions).definitions, ...document.definitions],
  });
}

function withoutMachinery(document: DocumentNode): DocumentNode {
  return visit(document, {
    ObjectTypeDefinition: (node) => (machineTypes.has(node.name.value) ? null : undefined),
    UnionTypeDefinition: (node) => (machineTypes.has(node.name.value) ? null : undefined),
    ScalarTypeDefinition: (node) => (machineTypes.has(node.name.value) ? null : undefined),
    FieldDefinition: (node) => (machineFields.has(node.name.value) ? null : undefined),
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
