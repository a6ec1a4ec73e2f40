import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from './connection.ts';
import { Unavailable } from './failures.ts';
import { hostUrls } from './host-urls.ts';

/** Milliseconds within which a host must answer. */
const patience = 2000;
/** Milliseconds to wait for the other hosts after one has answered that it accepts writes. */
const hearing = 300;

/**
 * Returns the URL of the host that accepts writes, however often the primary moves; concurrent
 * callers share one look-up, and a single host needs none. Rejects with `NO_PRIMARY` when every
 * host is read-only, or with the driver's error when none is reachable.
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
  // A promotion starts a new timeline. SECURITY: a former primary that comes back by mistake
  // accepts writes too and must get none.
  return found.reduce((newest, one) => (one.timeline > newest.timeline ? one : newest)).url;
}

/** A host that accepts writes reports its timeline as eight hexadecimal digits. */
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
      `select case
        when pg_is_in_recovery() or current_setting('transaction_read_only')::bool then null
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
