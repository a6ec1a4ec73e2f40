import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * A loopback port that is unused at this moment, for a process whose port must be set in advance.
 */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('The listener has no port.');
  return address.port;
}
