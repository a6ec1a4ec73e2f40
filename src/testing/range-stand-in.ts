import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

type Answer = { readonly status?: number; readonly body?: string; readonly location?: string };

/** An API of breached passwords on loopback, in the form of Have I Been Pwned's. */
export type RangeStandIn = {
  readonly url: string;
  /** What it was asked, with headers as JSON. */
  readonly asked: { readonly method: string; readonly url: string; readonly headers: string }[];
  /** The passwords that it lists. */
  readonly listed: Set<string>;
  /** Answers in place of the list; `hang` never does. */
  behave(behaviour: Answer | 'hang' | null): void;
  close(): Promise<void>;
};

export function sha1Of(password: string): string {
  return createHash('sha1').update(password).digest('hex').toUpperCase();
}

export async function startRangeStandIn(): Promise<RangeStandIn> {
  const asked: RangeStandIn['asked'] = [];
  const listed = new Set<string>();
  let behaviour: Answer | 'hang' | null = null;
  const list = (prefix: string): string =>
    [...listed]
      .map(sha1Of)
      .filter((digest) => digest.startsWith(prefix))
      .map((digest) => `${digest.slice(5)}:42`)
      .concat(`${'0'.repeat(35)}:0`)
      .join('\r\n');
  const server = createServer((request, response) => {
    const { method = '', url = '', headers } = request;
    asked.push({ method, url, headers: JSON.stringify(headers) });
    if (behaviour === 'hang') return;
    const answer: Answer = behaviour ?? { body: list(url.slice('/range/'.length)) };
    const { location } = answer;
    response
      .writeHead(answer.status ?? 200, location === undefined ? {} : { location })
      .end(answer.body ?? '');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    listed,
    behave: (next) => {
      behaviour = next;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
