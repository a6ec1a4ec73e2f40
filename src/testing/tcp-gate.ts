import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A TCP proxy to a server on loopback that simulates failures of the network. */
export type TcpGate = {
  readonly port: number;
  /** Forwards everything, as at the start. */
  open(): Promise<void>;
  /** Closes every connection and refuses new ones. */
  cut(): Promise<void>;
  /** Forwards requests, but closes the connection instead of forwarding a reply with `text`. */
  swallow(text: string): void;
  /**
   * Holds all data back, and delivers it after `open`; new connections wait likewise.
   */
  stall(): void;
  /**
   * Drops all data without closing a connection, as when a machine vanishes. New connections work
   * again after `open`.
   */
  silence(): void;
  close(): Promise<void>;
};

/** A gate before the database of this URL, and the URL that leads through it. */
export async function startDatabaseGate(
  databaseUrl: string | null,
): Promise<{ readonly gate: TcpGate; readonly url: string }> {
  if (databaseUrl === null) throw new Error('This test needs a PostgreSQL server.');
  const url = new URL(databaseUrl);
  const gate = await startTcpGate({ host: url.hostname, port: Number(url.port) });
  url.port = String(gate.port);
  return { gate, url: url.href };
}

type Target = { readonly host: string; readonly port: number };
type Faults = { swallowed: string | null; silent: boolean; held: (() => void)[] | null };

export async function startTcpGate(target: Target): Promise<TcpGate> {
  const faults: Faults = { swallowed: null, silent: false, held: null };
  const connections = new Set<() => void>();
  const server = createServer((client) => forward(client, { target, faults, connections }));

  const listen = async (port: number): Promise<number> => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('The proxy has no port.');
    return address.port;
  };
  const cut = async (): Promise<void> => {
    const closed = once(server, 'close');
    server.close();
    for (const end of connections) end();
    await closed;
  };

  const port = await listen(0);
  return {
    port,
    open: async () => {
      faults.swallowed = null;
      faults.silent = false;
      const held = faults.held ?? [];
      faults.held = null;
      for (const deliver of held) deliver();
      if (!server.listening) await listen(port);
    },
    cut,
    swallow: (text) => {
      faults.swallowed = text;
    },
    stall: () => {
      faults.held ??= [];
    },
    silence: () => {
      faults.silent = true;
    },
    close: async () => {
      if (server.listening) await cut();
    },
  };
}

/** Connects a client with the target; `connections` holds a function that closes each pair. */
function forward(
  client: Socket,
  { target, faults, connections }: { target: Target; faults: Faults; connections: Set<() => void> },
): void {
  const upstream = connect(target);
  const end = (): void => {
    connections.delete(end);
    client.destroy();
    upstream.destroy();
  };
  connections.add(end);
  /** In the order in which it came; at once unless the network stalls. */
  const deliver = (to: Socket, data: Buffer): void => {
    const write = (): void => {
      if (!to.destroyed) to.write(data);
    };
    if (faults.held) faults.held.push(write);
    else write();
  };
  client.on('data', (data) => {
    if (!faults.silent) deliver(upstream, data);
  });
  upstream.on('data', (data) => {
    if (faults.silent) return;
    if (faults.swallowed !== null && data.includes(faults.swallowed)) end();
    else deliver(client, data);
  });
  for (const socket of [client, upstream]) socket.on('error', end).on('close', end);
}
