/** The answer to a GraphQL request, before it is written to the client. */
export type Answer = {
  readonly status: number;
  readonly headers: Iterable<readonly [string, string]>;
  readonly text: string;
};
