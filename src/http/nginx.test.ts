import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../testing/app.ts';
import { freePort } from '../testing/free-port.ts';
import { registerPerson } from '../testing/people.ts';
import { setRoles, suspendUser } from '../testing/rows.ts';
import { snippets } from '../testing/snippets.ts';

const version = spawnSync('nginx', ['-V'], { encoding: 'utf8' });
const isInstalled = version.status === 0 && version.stderr.includes('http_auth_request_module');

/** The two locations, as in docs/integrations/nginx-and-traefik.md. */
const [locations = ''] = snippets('nginx-and-traefik.md', 'nginx');

const configuration = (folder: string, ports: { nginx: number; auth: number; page: number }) => `
daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
events {}
http {
  access_log off;
  client_body_buffer_size 256k;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  server {
    listen 127.0.0.1:${ports.nginx};
    ${locations
      .replace('app:8080', `127.0.0.1:${ports.page}`)
      .replace('latchkey:4000', `127.0.0.1:${ports.auth}`)
      // nginx speaks http here, which a server whose PUBLIC_URL is https would refuse.
      .replace('$scheme', 'https')}
  }
}
`;

describe.skipIf(!isInstalled)('nginx with auth_request in front of a plain page', () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-nginx-'));
  /** The page returns which of the headers reached it, and how many in any spelling. */
  const page = createServer(async (request, response) => {
    // If the page answered and closed while the body is still arriving, nginx would answer 502.
    for await (const _ of request);
    const headers = ['x-auth-user', 'x-auth-roles', 'x-auth-session'].map(
      (name) => request.headers[name] ?? null,
    );
    const spelled = Object.keys(request.headers).filter((name) => /^x.auth/.test(name)).length;
    response.end(JSON.stringify({ method: request.method, headers, spelled }));
  });
  let server: TestServer;
  let nginx: ChildProcess;
  let url: string;

  beforeAll(async () => {
    server = await startTestServer({
      config: { publicUrl: 'https://auth.example.com', trustedProxies: ['127.0.0.1'] },
    });
    await new Promise<void>((resolve) => page.listen(0, '127.0.0.1', resolve));
    const portOf = (of: typeof page): number => (of.address() as AddressInfo).port;
    const ports = {
      nginx: await freePort(),
      auth: Number(new URL(server.url).port),
      page: portOf(page),
    };
    writeFileSync(join(folder, 'nginx.conf'), configuration(folder, ports));
    nginx = spawn(
      'nginx',
      ['-c', join(folder, 'nginx.conf'), '-p', folder, '-e', join(folder, 'error.log')],
      {
        stdio: 'ignore',
      },
    );
    url = `http://127.0.0.1:${ports.nginx}`;
    for (let waited = 0; waited < 100; waited += 1) {
      if (
        await fetch(url).then(
          () => true,
          () => false,
        )
      )
        return;
      await sleep(100);
    }
    throw new Error('nginx did not start.');
  });
  afterAll(async () => {
    nginx.kill('SIGTERM');
    await new Promise((resolve) => nginx.once('exit', resolve));
    page.close();
    page.closeAllConnections();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const ask = (headers: Record<string, string>, init: { method?: string; body?: string } = {}) =>
    fetch(`${url}/orders?x=1`, { ...init, headers });
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

  it('refuses requests without a token, or with an invalid one', async () => {
    const person = await registerPerson(server);
    for (const headers of [
      {},
      bearer('nonsense'),
      { 'x-auth-user': person.id },
      bearer(person.refreshToken),
    ]) {
      expect((await ask(headers)).status).toBe(401);
    }
    expect((await ask({})).headers.get('www-authenticate')).toBe('Bearer realm="latchkey"');
    expect((await ask(bearer('x'))).headers.get('www-authenticate')).toBe(
      'Bearer error="invalid_token"',
    );
  });

  it('X-45 admits a signed-in user and overwrites identity headers of the client', async () => {
    const person = await registerPerson(server);
    const claimed = {
      'x-auth-user': 'somebody',
      'x-auth-roles': 'admin',
      'x-auth-session': 'other',
      x_auth_roles: 'admin',
      'x-auth_roles': 'admin',
      'x_auth-roles': 'admin',
      'x.auth.roles': 'admin',
    };
    const answer = await ask({ ...bearer(person.accessToken), ...claimed });
    expect(answer.status).toBe(200);
    // nginx omits an empty header: a person without roles has none.
    expect(JSON.parse(await answer.text())).toEqual({
      method: 'GET',
      headers: [person.id, null, person.sessionId],
      spelled: 2,
    });
    await setRoles(server, person.id, ['editor', 'billing:read']);
    const posted = await ask(bearer(person.accessToken), {
      method: 'POST',
      body: 'x'.repeat(100_000),
    });
    expect(posted.status).toBe(200);
    expect(JSON.parse(await posted.text())).toEqual({
      method: 'POST',
      headers: [person.id, 'editor,billing:read', person.sessionId],
      spelled: 3,
    });
  });

  it('SE-7 SE-11 refuses every request after logout or suspension', async () => {
    const [one, two] = [await registerPerson(server), await registerPerson(server)];
    await server.mutate('logout', {}, { token: one.accessToken });
    await suspendUser(server, two.id);
    for (const { accessToken } of [one, two])
      expect((await ask(bearer(accessToken))).status).toBe(401);
  });
});
