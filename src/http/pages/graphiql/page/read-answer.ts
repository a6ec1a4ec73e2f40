/** Of the newest of each, where the query asked for its id and __typename. */
export type Ids = { readonly challengeId: string | null; readonly enrollmentId: string | null };

/** What an answer of the API tells this page. */
export type AnswerFacts = Ids & {
  readonly accessToken: string | null;
  /**
   * Why the server did not take the bearer token: TOKEN_EXPIRED, TOKEN_INVALID or SESSION_REVOKED.
   */
  readonly refusal: string | null;
};

/** Looks for tokens, challenges and a refused token anywhere in an answer, under whatever alias. */
export function readAnswer(answer: unknown): AnswerFacts {
  let accessToken: string | null = null;
  let challengeId: string | null = null;
  let enrollmentId: string | null = null;
  let refusal: string | null = null;
  if (isRecord(answer)) {
    const { data, errors } = answer;
    for (const { __typename: type, id, accessToken: token } of recordsIn(data)) {
      if (typeof token === 'string') accessToken = token;
      if (typeof id !== 'string' || !/^[\w-]+$/.test(id)) continue;
      if (type === 'OtpChallenge') challengeId = id;
      if (type === 'TotpEnrollment') enrollmentId = id;
    }
    for (const { code, reason } of recordsIn(errors)) {
      if (code === 'UNAUTHENTICATED' && typeof reason === 'string' && reason !== 'TOKEN_MISSING')
        refusal = reason;
    }
  }
  return { accessToken, challengeId, enrollmentId, refusal };
}

/** When a JWT expires; null for what is no JWT or names no time. */
export function expiryOf(token: string): Date | null {
  try {
    const payload = (token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/');
    const claims: unknown = JSON.parse(atob(payload));
    const { exp } = isRecord(claims) ? claims : {};
    return typeof exp === 'number' ? new Date(exp * 1000) : null;
  } catch {
    return null;
  }
}

function* recordsIn(value: unknown): Generator<Record<string, unknown>> {
  if (Array.isArray(value)) {
    for (const item of value) yield* recordsIn(item);
  } else if (isRecord(value)) {
    yield value;
    for (const item of Object.values(value)) yield* recordsIn(item);
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
