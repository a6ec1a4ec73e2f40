import { GraphQLScalarType, valueFromASTUntyped } from 'graphql';
import { createUnionType, Field, ObjectType } from 'type-graphql';
import { UserType } from './users.types.ts';

/**
 * Names and shapes follow the subgraph specification of Apollo Federation:
 * https://www.apollographql.com/docs/graphos/reference/federation/subgraph-spec
 */
export const AnyScalar = new GraphQLScalarType<unknown, unknown>({
  name: '_Any',
  description: 'A representation of an entity: its `__typename` and the fields of its key.',
  parseValue: (value) => value,
  parseLiteral: (node, variables) => valueFromASTUntyped(node, variables),
});

export const EntityUnion = createUnionType({
  name: '_Entity',
  description: 'What other graphs may refer to.',
  types: () => [UserType] as const,
  resolveType: () => 'User',
});

@ObjectType('_Service', { description: 'This graph, as one to be composed with others.' })
export class ServiceType {
  @Field(() => String, {
    nullable: true,
    description: 'The SDL with the directives of Apollo Federation 2.',
  })
  sdl: string;
}
