import { Field, ObjectType } from 'type-graphql';
import { UserType } from './users.types.ts';

@ObjectType('Account', {
  description: "The caller's own private settings. Never reachable for another user.",
})
export class AccountType {
  @Field(() => UserType, { description: 'The caller.' })
  user: UserType;

  @Field(() => Boolean, { description: 'False for one who signs in with mailed codes alone.' })
  hasPassword: boolean;

  @Field(() => Boolean, { description: 'Whether an authenticator app is set up.' })
  totpEnabled: boolean;

  @Field(() => String, {
    nullable: true,
    description:
      'The language of mails, as a BCP 47 tag; null for the default. `updateProfile` changes it.',
  })
  locale: string | null;
}
