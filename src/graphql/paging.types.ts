import { ArgsType, Field, Int, ObjectType } from 'type-graphql';

@ObjectType('AuthPageInfo', {
  description: 'What lies before and after a page (Relay cursor connections).',
})
export class AuthPageInfoType {
  @Field(() => Boolean, { description: 'Whether more follow.' })
  hasNextPage: boolean;

  @Field(() => Boolean, { description: 'Whether some came before.' })
  hasPreviousPage: boolean;

  @Field(() => String, { nullable: true, description: 'Of the first one on the page.' })
  startCursor: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Of the last one: `after` for the next page.',
  })
  endCursor: string | null;
}

@ArgsType()
export class PageArgs {
  @Field(() => Int, { nullable: true, defaultValue: 20, description: 'How many, 1 to 100.' })
  first?: number | null;

  @Field(() => String, {
    nullable: true,
    description: 'The cursor of the one after which the page begins.',
  })
  after?: string | null;
}
