import { Field, Int, ObjectType } from 'type-graphql';
import { AuthErrorCode } from './enums.ts';

@ObjectType('AuthFieldError', { description: 'One rule that one input field breaks.' })
export class AuthFieldErrorType {
  @Field(() => String, { description: 'The input field, such as `password`.' })
  path: string;

  @Field(() => String, { description: 'The rule, such as `TOO_SHORT`; stable, for programs.' })
  code: string;

  @Field(() => String, { description: 'For a person to read. Never repeats what was sent.' })
  message: string;
}

@ObjectType('AuthError', {
  description: 'An outcome other than success that a client has to handle.',
})
export class AuthErrorType {
  @Field(() => AuthErrorCode, { description: 'What happened; stable, for programs.' })
  code: keyof typeof AuthErrorCode;

  @Field(() => String, {
    description: 'For a person to read; never names an account that the caller may not know of.',
  })
  message: string;

  @Field(() => [AuthFieldErrorType], {
    description: 'With VALIDATION_FAILED: which fields break which rules.',
  })
  fields: AuthFieldErrorType[];

  @Field(() => Int, { nullable: true, description: 'Seconds, with RATE_LIMITED.' })
  retryAfter: number | null;
}

@ObjectType('AuthAccepted', {
  description: 'The request was taken. Says nothing of whether an account exists.',
})
export class AuthAcceptedType {
  @Field(() => Boolean, { description: 'Always true.' })
  accepted: boolean;
}
