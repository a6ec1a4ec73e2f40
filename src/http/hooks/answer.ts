/** What is written to the client, by whichever way it came about. */
export type Answer = {
  readonly status: number;
  readonly headers: Iterable<readonly [string, string]>;
  readonly text: string;
};
