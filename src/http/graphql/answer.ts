import type { Readable } from 'node:stream';

/** The answer to a GraphQL request, before it is written to the client. */
export type Answer = {
  readonly status: number;
  readonly headers: Iterable<readonly [string, string]>;
  readonly text: string;
};

/** An answer as it is written: `body` may be longer than what is held of it at a time. */
export type WrittenAnswer = Omit<Answer, 'text'> & { readonly body: string | Readable };
