import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A way to a server on loopback that can fail as networks do. */
export type TcpGate = {
  readonly port: number;
  /** Lets everything through, as at the start. */
  open(): void;
  /** Ends every connection and takes no new one. */
  cut(): void;
  /** What a client sends arrives; instead of an answer that holds `text` the connection ends. */
  swallow(text: string): void;
  close(): Promise<void>;
};

export async function startTcpGate(target: { readonly host: string; readonly port: number }): Promise<TcpGate> {
  const pairs = new Set<{ client: Socket; upstream: Socket }>();
  let isCut = false;
  let swallowed: string | null = null;

  const server = createServer((client) => {
    if (isCut) {
      client.destroy();
      return;
    }
    const upstream = connect(target);
    const pair = { client, upstream };
    pairs.add(pair);
    const end = (): void => {
      pairs.delete(pair);
      client.destroy();
      upstream.destroy();
    };
    client.on('data', (data) => upstream.write(data));
    upstream.on('data', (data) => {
      if (swallowed !== null && data.includes(swallowed)) end();
      else client.write(data);
    });
    for (const socket of [client, upstream]) socket.on('error', end).on('close', end);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The gate got no port.');

  const cutAll = (): void => {
    for (const { client, upstream } of pairs) {
      client.destroy();
      upstream.destroy();
    }
    pairs.clear();
  };
  return {
    port: address.port,
    open: () => {
      isCut = false;
      swallowed = null;
    },
    cut: () => {
      isCut = true;
      cutAll();
    },
    swallow: (text) => {
      swallowed = text;
    },
    close: async () => {
      cutAll();
      server.close();
      await once(server, 'close');
    },
  };
}
