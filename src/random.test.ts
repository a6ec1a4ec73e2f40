import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemRandom } from './random.ts';
import { startTestServer, type TestServer } from './testing/app.ts';
import { registerPerson } from './testing/people.ts';

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The files that may use the system's generator directly, and their purpose. */
const sources: Readonly<Record<string, string>> = {
  'random.ts': 'everything else',
  'secret-keys.ts': 'the nonces of sealed values',
  'http/server.ts': 'ids of requests',
  'domain/signing-keys/signing-key.ts': 'new signing keys',
  'development-secrets.ts': 'the secret of a development server',
};

describe('random values', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.stop());

  it('DP-3 come from the system’s generator, which few files use directly', () => {
    const asks =
      /\b(?:randomBytes|randomUUID|randomInt|randomFill(?:Sync)?|getRandomValues|Math\.random)\b/;
    const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
      .map((file) => file.replaceAll('\\', '/'))
      .filter((file) => file.endsWith('.ts') && !/\.test\.ts$|^testing\//.test(file));
    expect(files).toContain('random.ts');
    const asking = files.filter((file) => asks.test(readFileSync(`src/${file}`, 'utf8')));
    expect(asking.filter((file) => !(file in sources))).toEqual([]);
  });

  it('DP-3 tokens have the requested length and are unique; ids are UUIDs', () => {
    const tokens = Array.from({ length: 2000 }, () => systemRandom.token(32));
    expect(new Set(tokens).size).toBe(2000);
    const bits = tokens.reduce(
      (sum, token) =>
        sum + [...Buffer.from(token, 'base64url')].reduce((ones, byte) => ones + onesIn(byte), 0),
      0,
    );
    // 512,000 fair bits: ten standard deviations are 3,578.
    expect(Math.abs(bits - 256_000)).toBeLessThan(3578);
    for (const token of tokens.slice(0, 10))
      expect(Buffer.from(token, 'base64url')).toHaveLength(32);
    expect(systemRandom.id(new Date())).toMatch(uuid);
  });

  it('DP-3 secrets in answers and mails have at least 128 bits and are no UUIDs', async () => {
    const person = await registerPerson(server);
    const challenge = await server.mutate('requestLoginCode', { email: person.email });
    await server.mutate('requestPasswordReset', { email: person.email });
    const reset = await server.nextToken(person.email);
    for (const [secret, bytes] of [
      [challenge.id, 24],
      [reset, 32],
      [person.refreshToken, 32],
    ] as const) {
      expect(secret).not.toMatch(uuid);
      expect(Buffer.from(secret, 'base64url').length).toBeGreaterThanOrEqual(bytes);
    }
  });
});

function onesIn(byte: number): number {
  return byte.toString(2).replaceAll('0', '').length;
}
