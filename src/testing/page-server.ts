import type { Config } from '../config/read-config.ts';
import { startTestServer, type TestServer } from './app.ts';
import { createTestClock, type TestClock } from './clock.ts';
import { freePort } from './free-port.ts';

/** A server that listens at its PUBLIC_URL, so that a real browser finds its way on the pages. */
export async function startPageServer(
  configure: (publicUrl: string) => Partial<Config> = (publicUrl) => ({ publicUrl }),
  clock: TestClock = createTestClock(),
): Promise<TestServer> {
  const port = await freePort();
  // Passkeys take no IP address for a domain.
  return startTestServer({ clock, config: { port, ...configure(`http://localhost:${port}`) } });
}
