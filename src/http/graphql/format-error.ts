import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { AuthError } from '../../errors.ts';
import { toGraphQLError } from '../../graphql/to-graphql-error.ts';
import { serverFault, unavailable } from '../hooks/errors.ts';

/** Apollo Server's own, which say nothing of us, and those of the contract. */
const passedCodes: ReadonlySet<unknown> = new Set([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'BAD_USER_INPUT',
  'BAD_REQUEST',
  'OPERATION_RESOLUTION_FAILURE',
  'PERSISTED_QUERY_NOT_FOUND',
  'PERSISTED_QUERY_NOT_SUPPORTED',
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'RATE_LIMITED',
  'OVERLOADED',
]);

/**
 * The one place that decides what of an error a caller sees: an allow-list (GQ-11). SECURITY:
 * graphql-js prints the rejected input in coercion errors, passwords too (GQ-9), and drizzle's
 * message holds SQL and parameters.
 */
export function formatError(
  formatted: GraphQLFormattedError,
  error: unknown,
): GraphQLFormattedError {
  const { path, locations } = formatted;
  const place = { ...(locations ? { locations } : {}), ...(path ? { path } : {}) };
  const refusal = unavailable(rootOf(error));
  if (refusal !== null) {
    const { message, retryAfter } = refusal;
    return { message, ...place, extensions: { code: 'OVERLOADED', retryAfter } };
  }
  const code = codeOf(error);
  if (kindOf(error) === 'fault' || typeof code !== 'string') {
    const { message, code: faultCode } = serverFault;
    return { message, ...place, extensions: { code: faultCode } };
  }
  const { reason, retryAfter, fields } = extensionsOf(error) ?? {};
  return {
    message: publicMessage(formatted.message, code, error),
    ...place,
    extensions: {
      code,
      ...(reason === undefined ? {} : { reason }),
      ...(retryAfter === undefined ? {} : { retryAfter }),
      ...(fields === undefined ? {} : { fields }),
    },
  };
}

/**
 * Whether an error is one to log: a fault of ours, or the database's. What a caller got wrong is
 * neither (AV-7: it would fill the log).
 */
export function kindOf(error: unknown): 'expected' | 'unavailable' | 'fault' {
  const root = rootOf(error);
  if (unavailable(root) !== null) return 'unavailable';
  // A GraphQLError at the root is graphql-js's, Apollo's or our refusal of a bearer: it passes by
  // its code.
  const known = root instanceof AuthError || root instanceof GraphQLError;
  return known && passedCodes.has(codeOf(error)) ? 'expected' : 'fault';
}

/**
 * What was thrown first: graphql-js and Apollo wrap errors in each other, with a path and without.
 */
function rootOf(error: unknown): unknown {
  let current = error;
  for (
    let depth = 0;
    current instanceof GraphQLError && current.originalError && depth < 5;
    depth += 1
  ) {
    current = current.originalError;
  }
  return current;
}

function extensionsOf(error: unknown): Readonly<Record<string, unknown>> | undefined {
  const root = rootOf(error);
  // Thrown below a root field, where graphql/guard-fields does not see it.
  if (root instanceof AuthError) return toGraphQLError(root).extensions;
  return error instanceof GraphQLError ? error.extensions : undefined;
}

/**
 * graphql-js gives no code to what it finds only on execution: a null for a non-null argument, a
 * subscription, more errors in variables than it counts.
 */
const lateFindings =
  /^(Argument "|Schema is not configured to execute |Too many errors processing variables)/;

function codeOf(error: unknown): unknown {
  const code = extensionsOf(error)?.['code'];
  const late =
    code === undefined && error instanceof GraphQLError && lateFindings.test(error.message);
  return late && rootOf(error) instanceof GraphQLError ? 'BAD_USER_INPUT' : code;
}

const blockedByApollo = 'This operation has been blocked as a potential Cross-Site Request Forgery';

/** Apollo's own message speaks of Apollo's headers; most who read this use another client. */
const blocked =
  'Send it by POST, with content-type: application/json. Any page could make a browser send a ' +
  'request like this one. In urql: preferGetMethod: false.';

function publicMessage(message: string, code: string, error: unknown): string {
  const root = rootOf(error);
  if (root instanceof AuthError) return root.message;
  if (code === 'UNAUTHENTICATED') return message;
  if (code === 'BAD_USER_INPUT') return coercionMessage(message);
  if (message.startsWith(blockedByApollo)) return blocked;
  // "Did you mean" spells out a schema that may not be asked for (GQ-8).
  return withoutLiterals(message.replace(/\s*Did you mean [^?]*\?/g, '')).slice(0, 300);
}

/**
 * SECURITY: parser and validator quote literals of the document, and a literal may be a password
 * (GQ-9). Names and places stay.
 */
function withoutLiterals(message: string): string {
  return message
    .replace(/ (String|BlockString|Name|Int|Float|Comment) "[\s\S]*"/, ' $1')
    .replace(/ (sequence|character|but got): [\s\S]*$/, ' $1.')
    .replace(/, found [\s\S]*$/, '.')
    .replace(/ cannot represent [\s\S]*$/, ' does not take this value.')
    .replace(/^Value "[\s\S]*" does not exist/, 'This value does not exist');
}

/**
 * `Variable "$input" got invalid value … at "input.email"; Expected …` without the value: where it
 * is, and what kind of rule it breaks.
 */
function coercionMessage(message: string): string {
  if (message.startsWith('Schema is not configured'))
    return 'There are no operations of this kind.';
  if (message.startsWith('Too many errors')) return 'There are more errors than are told.';
  const variable = /^Variable "\$([_A-Za-z][_0-9A-Za-z]{0,99})"/.exec(message)?.[1];
  const path = / at "([_A-Za-z][_0-9A-Za-z.[\]]{0,199})"/.exec(message)?.[1];
  const field = /Field "([_A-Za-z][_0-9A-Za-z]{0,99})" of required type/.exec(message)?.[1];
  const where = path ?? variable;
  const subject = where === undefined ? 'An argument' : `The variable value at "${where}"`;
  if (field !== undefined) return `${subject} lacks the required field "${field}".`;
  if (/ is not defined by type /.test(message))
    return `${subject} has a field that its type does not define.`;
  if (/of (non-null|required) type|Expected non-nullable/.test(message))
    return `${subject} is required.`;
  return `${subject} is not of the expected type.`;
}
