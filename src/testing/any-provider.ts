import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../config/read-config.ts';
import { identityProvidersFile } from '../config/read-identity-providers.ts';
import { startTestServer, type TestServer } from './app.ts';
import { createRunningClock } from './clock.ts';
import { freePort } from './free-port.ts';
import { type OidcProvider, startOidcProvider } from './oidc-provider.ts';

export type ServerWithProvider = {
  /** Listens at its PUBLIC_URL. */
  readonly server: TestServer;
  readonly publicUrl: string;
  readonly provider: OidcProvider;
  stop(): Promise<void>;
};

/** A server and a real OpenID provider, `acme`, that its operator has named in a file. */
export async function startServerWithProvider(
  config: Partial<Config>,
): Promise<ServerWithProvider> {
  const port = await freePort();
  const publicUrl = `http://localhost:${port}`;
  const provider = await startAcme(publicUrl);
  const server = await startTestServer({
    clock: createRunningClock(),
    config: {
      port,
      publicUrl,
      identityProviders: readProviders(provider),
      identityAllowPrivate: true,
      ...config,
    },
  });
  return {
    server,
    publicUrl,
    provider,
    stop: async () => {
      await server.stop();
      await provider.stop();
    },
  };
}

const clientSecret = 'a secret of the tests, long enough';

/** The provider alone, which knows a server by its PUBLIC_URL. */
export function startAcme(publicUrl: string): Promise<OidcProvider> {
  return startOidcProvider({
    clientId: 'latchkey',
    clientSecret,
    redirectUris: [`${publicUrl}/identity/callback/acme`],
  });
}

/** All that an operator writes for a provider that is no preset; returns the file's path. */
export function writeProvidersFile(
  folder: string,
  { issuer }: Pick<OidcProvider, 'issuer'>,
): string {
  const path = join(folder, 'providers.json');
  writeFileSync(join(folder, 'acme-secret'), clientSecret, { mode: 0o600 });
  const entry = `{
    "id": "acme",
    "name": "Acme",
    "issuer": "${issuer}",
    "clientId": "latchkey",
    "clientSecretFile": "acme-secret",
    "trustEmail": true
  }`;
  writeFileSync(path, `[${entry}]`);
  return path;
}

function readProviders(provider: OidcProvider): Config['identityProviders'] {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-providers-'));
  try {
    return identityProvidersFile.parse(writeProvidersFile(folder, provider));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
