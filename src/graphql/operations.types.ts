import { Field, ID, Int, ObjectType } from 'type-graphql';
import { AuthFindingStatus } from './enums.ts';

@ObjectType('AuthFinding', { description: 'What a check of the running server came to.' })
export class AuthFindingType {
  @Field(() => String, { description: 'What was looked at: configuration, database, keys ...' })
  check: string;

  @Field(() => AuthFindingStatus, { description: 'How it is.' })
  status: (typeof AuthFindingStatus)[keyof typeof AuthFindingStatus];

  @Field(() => String, { description: 'What was found, in words; no secret, no host name.' })
  message: string;

  @Field(() => String, { nullable: true, description: 'What to do about it.' })
  advice?: string;
}

@ObjectType('AuthOverview', {
  description:
    'What administrators should know at a glance, up to a minute old. Counts stop at ' +
    '`countLimit`, and never scan more than that.',
})
export class AuthOverviewType {
  @Field(() => [AuthFindingType], {
    description: 'What `latchkey doctor` finds and a running server can tell.',
  })
  findings: readonly AuthFindingType[];

  @Field(() => Int, { description: 'Sign-ins since then.' })
  signIns: number;

  @Field(() => Int, {
    description: 'Wrong passwords, codes, passkeys and answers of providers since then.',
  })
  failedSignIns: number;

  @Field(() => Int, { description: 'A count of that many means that many or more.' })
  countLimit: number;

  @Field(() => Date, { description: 'From when on it is counted: 24 hours ago.' })
  since: Date;
}

@ObjectType('AuthSigningKey', {
  description:
    'A key that signs access tokens, will sign, or still verifies; nothing secret of it.',
})
export class AuthSigningKeyType {
  @Field(() => ID, { description: 'The `kid` in the head of its tokens.' })
  id: string;

  @Field(() => String, { description: 'Such as `EdDSA` (RFC 7518, RFC 8037).' })
  algorithm: string;

  @Field(() => Date, { description: 'When it was made.' })
  createdAt: Date;

  @Field(() => Date, { description: 'From when on it signs; far in the future for a standby key.' })
  activeFrom: Date;

  @Field(() => Date, {
    nullable: true,
    description: 'Until when its tokens are taken; null while no other follows it.',
  })
  expiresAt: Date | null;

  @Field(() => Boolean, { description: 'Whether it signs now.' })
  current: boolean;

  @Field(() => Boolean, { description: 'Whether it is published and signs only once needed.' })
  standby: boolean;
}
