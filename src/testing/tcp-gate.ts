import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A way to a server on loopback that can fail as networks do. */
export type TcpGate = {
  readonly port: number;
  /** Lets everything through, as at the start. */
  open(): Promise<void>;
  /** Ends every connection and refuses new ones. */
  cut(): Promise<void>;
  /** What a client sends arrives; instead of an answer that holds `text` the connection ends. */
  swallow(text: string): void;
  /**
   * Nothing comes through any more, and no connection ends: as when a machine vanishes. New
   * connections are let through again by `open`.
   */
  silence(): void;
  close(): Promise<void>;
};

export async function startTcpGate(target: {
  readonly host: string;
  readonly port: number;
}): Promise<TcpGate> {
  const pairs = new Set<{ client: Socket; upstream: Socket }>();
  let swallowed: string | null = null;
  let silent = false;

  const server = createServer((client) => {
    const upstream = connect(target);
    const pair = { client, upstream };
    pairs.add(pair);
    const end = (): void => {
      pairs.delete(pair);
      client.destroy();
      upstream.destroy();
    };
    client.on('data', (data) => {
      if (!silent) upstream.write(data);
    });
    upstream.on('data', (data) => {
      if (silent) return;
      if (swallowed !== null && data.includes(swallowed)) end();
      else client.write(data);
    });
    for (const socket of [client, upstream]) socket.on('error', end).on('close', end);
  });
  const listen = async (port: number): Promise<void> => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  };
  const cut = async (): Promise<void> => {
    const closed = once(server, 'close');
    server.close();
    for (const { client, upstream } of pairs) {
      client.destroy();
      upstream.destroy();
    }
    pairs.clear();
    await closed;
  };

  await listen(0);
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The gate got no port.');
  const { port } = address;
  return {
    port,
    open: async () => {
      swallowed = null;
      silent = false;
      if (!server.listening) await listen(port);
    },
    cut,
    swallow: (text) => {
      swallowed = text;
    },
    silence: () => {
      silent = true;
    },
    close: async () => {
      if (server.listening) await cut();
    },
  };
}
