import { openPostgres } from '../db/driver/client.ts';
import { operationDeadline } from '../http/server.ts';
import { startTestServer, type TestServer } from './app.ts';
import { startDatabaseGate, type TcpGate } from './tcp-gate.ts';

/** A server that reaches its database through a gate. */
export type GatedServer = {
  readonly server: TestServer;
  readonly gate: TcpGate;
  /** Opens the gate first, so that nothing waits; `home` goes on. */
  stop(): Promise<void>;
};

/** Another server on `home`'s database, clock and mailbox, behind a gate of its own. */
export async function startGatedServer(
  home: TestServer,
  options: { readonly maxConnections: number; readonly statementTimeoutMs: number },
): Promise<GatedServer> {
  const { gate, url } = await startDatabaseGate(home.database.url);
  const { publicUrl, passkeys } = home.app.config;
  const database = openPostgres({ url, applicationName: 'latchkey-gated', ...options });
  const server = await startTestServer({
    clock: home.clock,
    mailbox: home.mailbox,
    config: { publicUrl, passkeys },
    server: { deadline: operationDeadline },
    database: { database, url, drop: () => database.close() },
  });
  return {
    server,
    gate,
    stop: async () => {
      await gate.open();
      await server.stop();
      await database.close();
      await gate.close();
    },
  };
}
