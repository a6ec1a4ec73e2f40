import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { bundle } from '../../../src/testing/bundle.ts';

const peers = ['@apollo/client/link', '@urql/core', '@urql/exchange-auth', 'jose', 'react', 'rxjs'];

/** Bytes that an app downloads for these imports, minified and compressed by gzip. */
async function sizeOf(file: string, names?: readonly string[]): Promise<number> {
  const options = { external: peers, ...(names ? { names } : {}) };
  return gzipSync((await bundle(`packages/client/src/${file}.ts`, options)).code).byteLength;
}

/** What docs/integrations/client.md says: rows of a name and its bytes. */
const page = readFileSync('docs/integrations/client.md', 'utf8');
const said = [...page.matchAll(/^\| `([\w@/-]+)` \| ([\d,]+) \|/gm)].map(
  ([, name = '', bytes = '']) => [name, Number(bytes.replace(',', ''))] as const,
);
const entryPoint = '@latchkey/client/';

describe('the client', () => {
  it.each([
    ['apollo', ['@apollo/client/link', 'rxjs']],
    ['identities', []],
    ['index', []],
    ['passkeys', []],
    ['react', ['react']],
    // A dependency, and of this entry point alone.
    ['server', ['jose']],
    ['urql', ['@urql/exchange-auth']],
  ] as const)('%s brings nothing but its peers', async (file, expected) => {
    const { imports } = await bundle(`packages/client/src/${file}.ts`, { external: peers });
    expect([...imports].sort()).toEqual(expected);
  });

  it('has its sizes in the docs', () => {
    expect(said.length).toBeGreaterThan(8);
    expect(said.map(([name]) => name)).toContain('createAuthClient');
  });

  it.each(said)('%s adds what the docs say, %d bytes, or a little less', async (name, bytes) => {
    const alone = await sizeOf('index', ['createAuthClient']);
    const added = name.startsWith(entryPoint)
      ? await sizeOf(name.slice(entryPoint.length))
      : name === 'createAuthClient'
        ? alone
        : (await sizeOf('index', ['createAuthClient', name])) - alone;
    expect(added).toBeLessThanOrEqual(bytes);
    expect(added).toBeGreaterThan(bytes * 0.8);
  });
});
