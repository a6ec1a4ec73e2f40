import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../config/read-config.ts';
import { identityProvidersFile } from '../config/read-identity-providers.ts';
import { startTestServer, type TestServer } from './app.ts';
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
  const clientSecret = 'a secret of the tests, long enough';
  const provider = await startOidcProvider({
    clientId: 'latchkey',
    clientSecret,
    redirectUris: [`${publicUrl}/identity/callback/acme`],
  });
  const server = await startTestServer({
    config: {
      port,
      publicUrl,
      identityProviders: readFile(providersFile(provider.issuer), clientSecret),
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

/** All that an operator writes for a provider that is no preset. */
const providersFile = (issuer: string): string => `[{
  "id": "acme",
  "name": "Acme",
  "issuer": "${issuer}",
  "clientId": "latchkey", "clientSecretFile": "acme-secret",
  "trustEmail": true
}]`;

function readFile(text: string, secret: string): Config['identityProviders'] {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-providers-'));
  try {
    writeFileSync(join(folder, 'acme-secret'), secret, { mode: 0o600 });
    writeFileSync(join(folder, 'providers.json'), text);
    return identityProvidersFile.parse(join(folder, 'providers.json'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
