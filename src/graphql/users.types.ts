import { Field, ID, ObjectType } from 'type-graphql';
import { UserStatus } from './enums.ts';

@ObjectType('User', {
  description:
    'A person with an account. Only `id` is sure to be there: the rest is null where the caller ' +
    'may not see it.',
})
export class UserType {
  @Field(() => ID, { description: 'Stable and never used again.' })
  id: string;

  @Field(() => String, {
    nullable: true,
    description:
      'Seen by the user, by admins, and by a gateway that GATEWAY_USER_FIELDS opens it to, as ' +
      'are `emailVerified`, `roles` and `createdAt`; null to everyone else.',
  })
  email: string | null;

  @Field(() => Boolean, {
    nullable: true,
    description: 'Whether the user has proved that the address is theirs.',
  })
  emailVerified: boolean | null;

  @Field(() => String, { nullable: true, description: 'The name that the user goes by.' })
  name: string | null;

  @Field(() => [String], {
    nullable: true,
    description: 'Roles in lower case; `admin` opens administration.',
  })
  roles: string[] | null;

  @Field(() => Date, { nullable: true, description: 'When the account was begun.' })
  createdAt: Date | null;

  @Field(() => UserStatus, {
    nullable: true,
    description: 'Seen by the user and by admins, as are the next three.',
  })
  status: keyof typeof UserStatus | null;

  @Field(() => Date, {
    nullable: true,
    description: 'When a suspended account opens by itself; null where an administrator opens it.',
  })
  suspendedUntil: Date | null;

  @Field(() => Date, { nullable: true, description: 'When the user last signed in.' })
  lastLoginAt: Date | null;

  @Field(() => Boolean, { nullable: true, description: 'Whether an authenticator app is set up.' })
  totpEnabled: boolean | null;
}
