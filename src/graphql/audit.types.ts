import { ArgsType, Field, ID, ObjectType } from 'type-graphql';
import type { AuditDetail } from '../domain/audit/audit-event-view.ts';
import { JSONObject } from './json-object.ts';
import { AuthPageInfoType, PageArgs } from './paging.types.ts';
import { UserType } from './users.types.ts';

@ObjectType('AuditEvent', {
  description: 'Something that happened: a sign-in, a failure, a change.',
})
export class AuditEventType {
  @Field(() => ID, { description: 'Events sort by it.' })
  id: string;

  @Field(() => Date, { description: 'When.' })
  at: Date;

  @Field(() => String, { description: 'password.changed, session.opened, refresh.reused ...' })
  type: string;

  @Field(() => String, { description: 'SUCCESS or FAILURE.' })
  outcome: string;

  @Field(() => UserType, {
    nullable: true,
    description: 'Who did it, where that is known. Of a deleted user, the id alone.',
  })
  actor: UserType | null;

  @Field(() => UserType, {
    nullable: true,
    description: 'To whose account it happened. Of a deleted user, the id alone.',
  })
  subject: UserType | null;

  @Field(() => String, { nullable: true, description: 'From where, as long as that is kept.' })
  ipAddress: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Browser and system, read from the User-Agent: `Firefox on Linux`.',
  })
  device: string | null;

  @Field(() => String, { nullable: true, description: 'Stands in the log too.' })
  requestId: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'What an administrator gave as a reason; seen by administrators.',
  })
  reason: string | null;

  @Field(() => JSONObject, {
    nullable: true,
    description:
      'What else the event says, in words and ids of ours: which step failed, which roles before ' +
      'and after ... Seen by administrators.',
  })
  detail: AuditDetail | null;
}

@ObjectType('AuditEventEdge', { description: 'An event in a list.' })
export class AuditEventEdgeType {
  @Field(() => String, { description: 'For `after`.' })
  cursor: string;

  @Field(() => AuditEventType, { description: 'The event.' })
  node: AuditEventType;
}

@ObjectType('AuditEventConnection', { description: 'A page of events, the newest first.' })
export class AuditEventConnectionType {
  @Field(() => [AuditEventEdgeType], { description: 'The events of the page.' })
  edges: readonly AuditEventEdgeType[];

  @Field(() => AuthPageInfoType, { description: 'What lies before and after.' })
  pageInfo: AuthPageInfoType;
}

@ArgsType()
export class AuditEventsArgs extends PageArgs {
  @Field(() => String, {
    nullable: true,
    description: 'Only events of this type, such as `login.failed`.',
  })
  type?: string | null;

  @Field(() => ID, {
    nullable: true,
    description: 'Only what this user did, or what was done to them.',
  })
  userId?: string | null;

  @Field(() => ID, {
    nullable: true,
    description: 'Only what this user, such as an administrator, did to others.',
  })
  actorId?: string | null;

  @Field(() => Date, { nullable: true, description: 'Only from this moment on.' })
  since?: Date | null;

  @Field(() => Date, { nullable: true, description: 'Only before this moment.' })
  until?: Date | null;
}
