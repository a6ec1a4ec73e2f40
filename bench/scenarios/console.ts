import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import postgres from 'postgres';
import { totpCode } from '../../src/testing/authenticator.ts';
import { launchBrowser } from '../../src/testing/browser.ts';
import { mutate } from '../../src/testing/client.ts';
import { freePort } from '../../src/testing/free-port.ts';
import { startSmtpStandIn } from '../../src/testing/smtp-stand-in.ts';
import { password } from '../shared/accounts.ts';
import { makeDatabase, startDurablePostgres } from '../shared/databases.ts';
import { registerAccount, serverEnvironment, startBuilt } from '../shared/instances.ts';
import { spread } from '../shared/numbers.ts';
import { readOptions } from '../shared/options.ts';
import { bothCores } from '../shared/processes.ts';
import { judge, out } from '../shared/report.ts';

/** Milliseconds until the first row of the first list. */
const bound = 1000;
/** How many times slower than this machine's the administrator's processor is. */
const slowness = 4;
const email = 'ingrid@example.com';

/**
 * The console's first list in Chromium, among a million users, on a slowed processor: from the
 * address to the first row, with and without the browser's cache. Wants `npm run build`.
 */
export async function run(args: readonly string[]): Promise<void> {
  const { users, rounds } = readOptions(args, { users: 1_000_000, rounds: 10 });
  const browser = await launchBrowser();
  if (browser === null) throw new Error('There is no Chromium.');
  const database = await startDurablePostgres();
  const smtp = await startSmtpStandIn({ startTls: false });
  const databaseUrl = await makeDatabase(database.url, 'bench');
  const port = await freePort();
  const server = await startBuilt({
    env: {
      ...serverEnvironment({ databaseUrl, smtpPort: smtp.port }),
      PUBLIC_URL: `http://localhost:${port}`,
    },
    port,
    cores: bothCores,
    nodeFlags: ['--max-semi-space-size=16'],
  });
  const secret = await enrol(server.url, await registerAccount(server.url, { email, smtp }));
  await fill(databaseUrl, users);
  const page = await browser.newPage({ baseURL: `http://localhost:${port}` });
  await page.addInitScript(firstRow);
  await signIn(page, secret);
  const session = await page.context().newCDPSession(page);
  await session.send('Emulation.setCPUThrottlingRate', { rate: slowness });
  for (const isCold of [true, false]) {
    await session.send('Network.setCacheDisabled', { cacheDisabled: isCold });
    const times: number[] = [];
    for (let round = 0; round < rounds; round += 1) times.push(await open(page));
    out(`  ${isCold ? 'without' : 'with'} the browser’s cache ${spread(times)}`);
    const sorted = times.toSorted((a, b) => a - b);
    const found = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
    judge(`the first list after ${found.toFixed(0)} ms, at most ${bound}`, found <= bound);
  }
  await browser.close();
  await server.stop();
  await smtp.close();
  await database.stop();
}

/** In the page: when the first row is there, from the navigation on. */
const firstRow = `new MutationObserver(() => {
  if (!window.firstRow && document.querySelector('tbody:not(.note) a'))
    requestAnimationFrame(() => { window.firstRow ??= performance.now(); });
}).observe(document, { childList: true, subtree: true });`;

async function open(page: Page): Promise<number> {
  await page.goto('/console/users');
  await page.waitForSelector('tbody:not(.note) a');
  for (;;) {
    const time = await page.evaluate<number | undefined>('window.firstRow');
    if (time !== undefined) return time;
    await sleep(10);
  }
}

type Owner = { readonly accessToken: string };

/** Gives the account an authenticator app; answers with its secret. */
async function enrol(url: string, { accessToken: token }: Owner): Promise<string> {
  const enrollment = await mutate(url, 'startTotpEnrollment', {}, { token });
  const code = totpCode(enrollment.secret, new Date());
  const input = { enrollmentId: enrollment.id, code };
  await mutate(url, 'confirmTotpEnrollment', input, { token });
  return enrollment.secret;
}

async function fill(databaseUrl: string, users: number): Promise<void> {
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => {} });
  await sql`update users set roles = '{admin}' where email = ${email}`;
  await sql`
    insert into users (id, email, email_canonical, name, created_at, email_verified_at)
    select gen_random_uuid(), 'person-' || n || '@example.com', 'person-' || n || '@example.com',
      'Person ' || n, now() - n * interval '1 minute', now()
    from generate_series(1, ${users}::int) n`;
  await sql`vacuum analyze users`;
  await sql.end();
}

async function signIn(page: Page, secret: string): Promise<void> {
  // The code of the enrolment is used up for half a minute.
  await sleep(31_000);
  await page.goto('/console/users');
  await page.fill('[name=email]', email);
  await page.fill('[name=password]', password);
  await page.click('button.main');
  await page.fill('[name=code]', totpCode(secret, new Date()));
  await page.click('button.main');
  await page.waitForSelector('tbody:not(.note) a');
}
