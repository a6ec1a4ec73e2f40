import { createContext, runInContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../../src/testing/app.ts';
import { bundle } from '../../../src/testing/bundle.ts';
import { type Person, registerPerson } from '../../../src/testing/people.ts';

let server: TestServer;
let person: Person;
beforeAll(async () => {
  server = await startTestServer();
  person = await registerPerson(server);
});
afterAll(() => server.stop());

/**
 * What the Minimum Common Web API (ECMA-429) promises of every edge runtime, as far as a verifier
 * could want it.
 */
const webApis = {
  AbortController,
  AbortSignal,
  atob,
  btoa,
  clearTimeout,
  crypto,
  CryptoKey,
  DOMException,
  fetch,
  Headers,
  Request,
  Response,
  setTimeout,
  structuredClone,
  TextDecoder,
  TextEncoder,
  URL,
  URLSearchParams,
};

describe('the verifier', () => {
  it('runs where there is nothing of Node', async () => {
    const { code, imports } = await bundle('packages/verify/src/index.ts');
    expect(imports).toEqual([]);
    const context = createContext({ ...webApis });
    const script = code.replace(/export\s*\{([^}]*)\};?\s*$/, (_whole, names: string) => {
      const pairs = names.split(',').map((pair) => pair.trim().split(' as '));
      const members = pairs.map(([local, name = local]) => `${name}: ${local}`);
      return `globalThis.verify = { ${members.join(', ')} };`;
    });
    runInContext(script, context);
    const settings = {
      issuer: server.app.config.publicUrl,
      jwksUrl: `${server.url}/.well-known/jwks.json`,
    };
    const call = `verify.createVerifier(${JSON.stringify(settings)}).callerFrom`;
    const caller = await runInContext(
      `${call}(${JSON.stringify(`Bearer ${person.accessToken}`)})`,
      context,
    );
    expect(caller.userId).toBe(person.id);
    const refused = runInContext(
      `${call}('Bearer nonsense').catch((error) => error.reason)`,
      context,
    );
    expect(await refused).toBe('TOKEN_INVALID');
    for (const missing of ['process', 'Buffer', 'require'])
      expect(runInContext(`typeof ${missing}`, context)).toBe('undefined');
  });
});
