import { once } from 'node:events';
import { createServer } from 'node:net';
import { TLSSocket } from 'node:tls';
import { SMTPServer } from 'smtp-server';
import { describe, expect, it } from 'vitest';
import { readConfig } from '../../config/read-config.ts';
import { systemRandom } from '../../random.ts';
import { openPostgres } from './client.ts';

/** Speaks PostgreSQL as far as the TLS handshake, with a self-signed certificate. */
async function startImpostor() {
  const secureContext = new SMTPServer({}).secureContext.get('*');
  let greeted = false;
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => {
      // The first message is SSLRequest; S says yes (PostgreSQL, "SSL Session Encryption").
      socket.write('S');
      const secure = new TLSSocket(socket, {
        isServer: true,
        ...(secureContext ? { secureContext } : {}),
      });
      secure.on('error', () => {});
      secure.on('data', () => {
        greeted = true;
      });
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('There is no port.');
  return { port: address.port, wasGreeted: () => greeted, close: () => server.close() };
}

describe('openPostgres', () => {
  it('TR-2 sends nothing to a server with a self-signed certificate', async () => {
    const impostor = await startImpostor();
    const { databaseUrl } = readConfig(
      { DATABASE_URL: `postgres://auth:pass@localhost:${impostor.port}/auth?sslmode=require` },
      {
        mode: 'development',
        developmentSecrets: () => ({
          secretKey: systemRandom.token(32),
          gatewayToken: systemRandom.token(32),
        }),
      },
    );
    const database = openPostgres({
      url: databaseUrl ?? '',
      maxConnections: 1,
      applicationName: 'test',
      statementTimeoutMs: 1000,
    });
    await expect(database.ping()).rejects.toMatchObject({
      code: expect.stringMatching(/^(DEPTH_ZERO_SELF_SIGNED_CERT|CERT_HAS_EXPIRED)$/),
    });
    expect(impostor.wasGreeted()).toBe(false);
    await database.close();
    impostor.close();
  });
});
