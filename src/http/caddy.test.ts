import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { environment } from '../config/read-config.ts';
import { startTestServer, type TestServer } from '../testing/app.ts';
import { freePort } from '../testing/free-port.ts';
import { registerPerson } from '../testing/people.ts';
import { setRoles } from '../testing/rows.ts';
import { snippets } from '../testing/snippets.ts';

const isInstalled = spawnSync('caddy', ['version']).status === 0;

/** The block as in docs/integrations/nginx-and-traefik.md. */
const [block = ''] = snippets('nginx-and-traefik.md', 'caddy');

const configuration = (ports: { caddy: number; auth: number; page: number }) => `{
	admin off
	auto_https off
}
http://127.0.0.1:${ports.caddy} {
	bind 127.0.0.1
${block
  .replace('app:8080', `127.0.0.1:${ports.page}`)
  .replace('latchkey:4000', `127.0.0.1:${ports.auth}`)}
}
`;

describe.skipIf(!isInstalled)('X-45 Caddy with forward_auth in front of a plain page', () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-caddy-'));
  /** The page returns which headers of identity reached it. */
  const page = createServer((request, response) => {
    const named = Object.entries(request.headers).filter(([name]) => /^x.auth/.test(name));
    response.end(JSON.stringify(Object.fromEntries(named)));
  });
  let server: TestServer;
  let caddy: ChildProcess;
  let url: string;

  beforeAll(async () => {
    // Caddy speaks http here, which a server whose PUBLIC_URL is https would refuse.
    server = await startTestServer({ config: { trustedProxies: ['127.0.0.1'] } });
    await new Promise<void>((resolve) => page.listen(0, '127.0.0.1', resolve));
    const ports = {
      caddy: await freePort(),
      auth: Number(new URL(server.url).port),
      page: (page.address() as AddressInfo).port,
    };
    writeFileSync(join(folder, 'Caddyfile'), configuration(ports));
    caddy = spawn('caddy', ['run', '--config', join(folder, 'Caddyfile')], {
      stdio: 'ignore',
      env: { ...environment(), HOME: folder },
    });
    url = `http://127.0.0.1:${ports.caddy}`;
    const answers = () =>
      fetch(url).then(
        () => true,
        () => false,
      );
    for (let waited = 0; waited < 600 && !(await answers()); waited += 1) await sleep(100);
  });
  afterAll(async () => {
    caddy.kill('SIGTERM');
    await new Promise((resolve) => caddy.once('exit', resolve));
    page.closeAllConnections();
    page.close();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const claimed = {
    'x-auth-user': 'somebody',
    'x-auth-roles': 'admin',
    'x-auth-session': 'other',
    'x-auth-organization': 'theirs',
    x_auth_roles: 'admin',
    'x-auth_roles': 'admin',
    'x_auth-roles': 'admin',
    'x.auth.roles': 'admin',
    'x-auth.roles': 'admin',
    'x_auth.user': 'somebody',
  };
  const ask = (token?: string) =>
    fetch(`${url}/orders`, {
      headers: { ...claimed, ...(token ? { authorization: `Bearer ${token}` } : {}) },
    });

  it('refuses requests without a valid token, whatever they claim', async () => {
    expect((await ask()).status).toBe(401);
    expect((await ask('nonsense')).status).toBe(401);
  });

  it('admits a signed-in user, with our headers alone in any spelling, none empty', async () => {
    const person = await registerPerson(server);
    const answer = await ask(person.accessToken);
    expect(answer.status).toBe(200);
    const identity = { 'x-auth-user': person.id, 'x-auth-session': person.sessionId };
    expect(await answer.json()).toEqual(identity);
    await setRoles(server, person.id, ['editor', 'billing:read']);
    expect(await (await ask(person.accessToken)).json()).toEqual({
      ...identity,
      'x-auth-roles': 'editor,billing:read',
    });
  });
});
