import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { bundle } from '../../../src/testing/bundle.ts';

const peers = ['@apollo/client/link', '@urql/core', '@urql/exchange-auth', 'react', 'rxjs'];

describe('the client', () => {
  it.each([
    ['packages/client/src/index.ts', []],
    ['packages/client/src/apollo.ts', ['@apollo/client/link', 'rxjs']],
    ['packages/client/src/urql.ts', ['@urql/exchange-auth']],
    ['packages/client/src/identities.ts', []],
    ['packages/client/src/passkeys.ts', []],
    ['packages/client/src/react.ts', ['react']],
  ] as const)(
    '%s is under 6 kB in a bundle, and brings nothing but its peers',
    async (file, imports) => {
      const { code, imports: found } = await bundle(file, { external: peers });
      expect([...found].sort()).toEqual(imports);
      expect(gzipSync(code).byteLength).toBeLessThan(6000);
    },
  );
});
