import { type GraphQLErrorLike, RequestError } from './errors.ts';

export type Operation = { readonly query: string; readonly variables: object };

export type Answer = {
  readonly status: number;
  readonly data: Readonly<Record<string, unknown>> | null;
  readonly errors: readonly GraphQLErrorLike[];
};

export type Post = (
  operation: Operation,
  token: string | null,
  signal?: AbortSignal,
) => Promise<Answer>;

/** Milliseconds after which a request that others wait for has failed. */
const patience = 15_000;

/**
 * Rejects where the work takes too long, which the signal then cancels. Not AbortSignal.timeout,
 * which React Native does not have; nor does its fetch heed every signal.
 */
export async function inTime<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error('The server did not answer in time.'));
      controller.abort();
    }, patience);
  });
  try {
    return await Promise.race([work(controller.signal), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Sends operations to one address. Rejects where there is no answer, or none in GraphQL. */
export function createTransport(options: {
  url: string;
  fetch: typeof fetch;
  credentials: RequestCredentials;
}): Post {
  return async (operation, token, signal) => {
    const response = await options.fetch(options.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/graphql-response+json, application/json;q=0.9',
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify(operation),
      credentials: options.credentials,
      ...(signal ? { signal } : {}),
    });
    const body = await response.json().catch(() => null);
    if (typeof body !== 'object' || body === null) throw new RequestError(response.status, []);
    return { status: response.status, data: body.data ?? null, errors: body.errors ?? [] };
  };
}

/** The data of an answer without errors. Throws RequestError. */
export function dataOf({ status, data, errors }: Answer): Readonly<Record<string, unknown>> {
  if (errors.length > 0 || data === null) throw new RequestError(status, errors);
  return data;
}
