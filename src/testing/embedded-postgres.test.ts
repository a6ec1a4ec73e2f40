import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import { afterAll, describe, expect, it } from 'vitest';

const module = new URL('./embedded-postgres.ts', import.meta.url).href;

describe('startEmbeddedPostgres', () => {
  const temporary = mkdtempSync(join(tmpdir(), 'latchkey-temporary-'));
  // The account that PostgreSQL runs as needs access to the folder.
  chmodSync(temporary, 0o711);
  afterAll(() => rmSync(temporary, { recursive: true, force: true }));

  it('SC-2 needs no install scripts, and ends with the process even after SIGKILL', async () => {
    const script = `const { startEmbeddedPostgres } = await import(${JSON.stringify(module)});
      console.log((await startEmbeddedPostgres()).url);
      setInterval(() => {}, 1000);`;
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '-e', script],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { PATH: process.env['PATH'], TMPDIR: temporary },
      },
    );
    const [output] = await once(child.stdout, 'data');
    const url = String(output).trim();
    const sql = postgres(url, { max: 1, onnotice: () => {} });
    expect(await sql`select 1 as one`).toEqual([{ one: 1 }]);
    await sql.end();
    expect(readdirSync(temporary).filter((name) => name.startsWith('latchkey-test-'))).toHaveLength(
      1,
    );

    child.kill('SIGKILL');
    await once(child, 'exit');
    const remains = () =>
      readdirSync(temporary).filter((name) => name.startsWith('latchkey-test-'));
    for (let wait = 0; remains().length > 0 && wait < 200; wait += 1) await sleep(50);
    expect(remains()).toEqual([]);
    const late = postgres(url, { max: 1, connect_timeout: 1, backoff: false });
    await expect(late`select 1`).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await late.end();
  });
});
