import { describe, expect, it } from 'vitest';
import { startTestServer } from '../testing/app.ts';

describe('X-24 KEEP_ALIVE_TIMEOUT', () => {
  it.each([75, 620])('%i seconds are what a connection is kept for and told', async (seconds) => {
    const server = await startTestServer({ config: { keepAliveTimeout: seconds } });
    try {
      const answer = await fetch(`${server.url}/livez`);
      expect(answer.headers.get('keep-alive')).toMatch(`timeout=${seconds},`);
      const { keepAliveTimeout, timeout } = server.server.fastify.server;
      expect(keepAliveTimeout).toBe(seconds * 1000);
      // What ends sockets on which nothing is sent must not come first.
      expect(timeout).toBeGreaterThan(keepAliveTimeout);
    } finally {
      await server.stop();
    }
  });
});
