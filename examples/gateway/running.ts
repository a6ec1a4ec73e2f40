/** Something that listens, until it is stopped. */
export type Running = { readonly url: string; stop(): Promise<void> };

/** Where a gateway finds the two graphs, and what it shows to Latchkey. */
export type Graphs = {
  readonly auth: string;
  readonly posts: string;
  /** GATEWAY_TOKEN of the Latchkey server. */
  readonly gatewayToken: string;
  /** 0: any that is free. */
  readonly port: number;
};
