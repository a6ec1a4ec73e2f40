import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from './connection.ts';
import { Unavailable } from './failures.ts';
import { hostUrls } from './host-urls.ts';

/** Milliseconds in which a host has to say who it is. */
const patience = 2000;
/** Milliseconds that a host which takes writes waits for what the others say. */
const hearing = 300;

/**
 * Answers with the URL of the host that takes writes, however often it moves; several that ask at
 * once are answered together. With one host there is nothing to find out. Rejects with `NO_PRIMARY`
 * where each host refuses writes, or with the driver's error where none can be reached.
 */
export function createPrimaryFinder(url: string): () => Promise<string> {
  const urls = hostUrls(url);
  if (urls.length === 1) return async () => url;
  let asking: Promise<string> | undefined;
  return () => {
    asking ??= findPrimary(urls).finally(() => {
      asking = undefined;
    });
    return asking;
  };
}

type Primary = { readonly url: string; readonly timeline: string };

async function findPrimary(urls: readonly string[]): Promise<string> {
  const asked = urls.map(askPrimary);
  const found: Primary[] = [];
  for (const answer of asked) {
    answer.then(
      (primary) => found.push(primary),
      () => {},
    );
  }
  await Promise.any(asked).catch(({ errors }: AggregateError) => {
    throw errors.find((error) => error instanceof Unavailable) ?? errors[0];
  });
  await Promise.race([Promise.allSettled(asked), sleep(hearing)]);
  // A promotion begins a new timeline. SECURITY: a primary of before it that comes back by mistake
  // takes writes too, and must get none.
  return found.reduce((newest, one) => (one.timeline > newest.timeline ? one : newest)).url;
}

/** The timeline of a host that takes writes is eight hexadecimal digits. */
async function askPrimary(url: string): Promise<Primary> {
  const connection = new Connection({
    url,
    applicationName: 'latchkey-primary',
    statementTimeoutMs: patience,
    isPrepared: () => false,
  });
  const tooLate = setTimeout(() => connection.close(), patience);
  try {
    const [row] = await connection.ask(
      `select case when pg_is_in_recovery() or current_setting('transaction_read_only')::bool then null
       else left(pg_walfile_name(pg_current_wal_lsn()), 8) end`,
    );
    const timeline = row?.[0];
    if (typeof timeline === 'string') return { url, timeline };
    throw new Unavailable('NO_PRIMARY', 'The host refuses writes.');
  } finally {
    clearTimeout(tooLate);
    connection.close();
  }
}
