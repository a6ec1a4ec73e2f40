import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError, readConfig } from '../../config/read-config.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../testing/embedded-postgres.ts';
import { inspectPostgres } from '../inspect.ts';
import { migratePostgres } from '../migrate.ts';
import { openPostgres } from './client.ts';

/** What production makes of a DATABASE_URL. */
function read(url: string): string {
  const environment = {
    DATABASE_URL: url,
    SECRET_KEY: Buffer.from(Array.from({ length: 48 }, (_, n) => (n * n * 7 + n) % 251)).toString(
      'hex',
    ),
    PUBLIC_URL: 'https://auth.example.com',
    MAIL_TRANSPORT: 'smtp',
    SMTP_URL: 'smtps://smtp.example.com',
    MAIL_FROM: 'no-reply@example.com',
  };
  return readConfig(environment, { mode: 'production' }).databaseUrl ?? '';
}

function problems(url: string): readonly string[] {
  try {
    read(url);
    return [];
  } catch (error) {
    return error instanceof ConfigError ? error.problems : [String(error)];
  }
}

describe('X-42 a Unix socket in DATABASE_URL', () => {
  let folder: string;
  let postgres: EmbeddedPostgres;
  let port: string;
  let account: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pg-'));
    await chmod(folder, 0o777);
    postgres = await startEmbeddedPostgres({ unix_socket_directories: folder });
    const url = new URL(postgres.url);
    port = url.port;
    account = `${url.username}:${url.password}`;
  });
  afterAll(async () => {
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it.each([
    ['postgres:///auth?host=run/postgresql'],
    ['postgres:///auth?host=db.example.net'],
    ['postgres:///auth'],
    ['postgres:///?host=/run/postgresql'],
    ['postgres:///auth?host=/run/postgresql/.s.PGSQL.5432'],
    ['postgres:///auth?host=/run/postgresql&hostaddr=10.0.0.1'],
    ['postgres://%2Frun%2Fpostgresql,db.example.net/auth'],
    ['postgres://u:p@db.example.net/auth?port=5433'],
  ])('refuses %s by name', (url) => {
    expect(problems(url)).toEqual([expect.stringMatching(/^DATABASE_URL: /)]);
  });

  it.each([
    ['postgres:///auth?host=/run/postgresql', 'postgres://%2Frun%2Fpostgresql/auth'],
    ['postgresql:///auth?host=%2Frun%2Fpg', 'postgresql://%2Frun%2Fpg/auth'],
    ['postgres://u:p@/auth?host=/run/pg&port=5433', 'postgres://u:p@%2Frun%2Fpg:5433/auth'],
    ['postgres://u@localhost/auth?host=/run/pg', 'postgres://u@%2Frun%2Fpg/auth'],
    ['postgres://u@%2Frun%2Fpg/auth', 'postgres://u@%2Frun%2Fpg/auth'],
    ['postgres:///auth?host=/a,/b', 'postgres://%2Fa,%2Fb/auth'],
  ])('takes %s, without TLS and whatever sslmode says', (url, expected) => {
    for (const mode of [null, 'disable', 'require', 'verify-full']) {
      const join = url.includes('?') ? '&' : '?';
      const given = mode === null ? url : `${url}${join}sslmode=${mode}`;
      expect(read(given)).toBe(`${expected}?sslmode=disable`);
    }
  });

  it('migrates, is inspected, and answers over it, one folder or several', async () => {
    const url = read(`postgres://${account}@/postgres?host=${folder}&port=${port}`);
    await migratePostgres(url);
    expect(await inspectPostgres(url, () => new Date())).toMatchObject({ pending: 0 });
    const database = openPostgres({
      url,
      maxConnections: 2,
      applicationName: 'socket',
      statementTimeoutMs: 5000,
    });
    await database.ping();
    const several = openPostgres({
      url: read(`postgres://${account}@/postgres?host=/nowhere,${folder}&port=${port}`),
      maxConnections: 1,
      applicationName: 'sockets',
      statementTimeoutMs: 5000,
    });
    await several.ping();
    await Promise.all([several.close(), database.close()]);
  });
});
