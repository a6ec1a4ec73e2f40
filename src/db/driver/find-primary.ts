import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';

/** No host that was named takes writes; db/failures knows the code. */
class NoPrimary extends Error {
  override readonly name = 'NoPrimary';
  readonly code = 'NO_PRIMARY';
}

/** Seconds in which a host has to say who it is. */
const patience = 2;
/** Milliseconds that a host which takes writes waits for what the others say. */
const hearing = 300;
/** Milliseconds for which an answer, a failure too, holds for whoever asks next. */
const keeps = 250;

type Said = { readonly url: string; readonly timeline: string | null };

/**
 * Answers with the URL of the host that takes writes, however often it moves; several that ask at
 * once are answered together. With one host there is nothing to find out. Rejects with `NO_PRIMARY`
 * where each host refuses writes, or with the driver's error where none can be reached.
 */
export function createPrimaryFinder(urls: readonly string[]): () => Promise<string> {
  const [only = '', ...others] = urls;
  if (others.length === 0) return async () => only;
  let latest: Promise<string> | null = null;
  return () => {
    if (latest === null) {
      const asked = findPrimary(urls);
      const forget = async (): Promise<void> => {
        await sleep(keeps, undefined, { ref: false });
        if (latest === asked) latest = null;
      };
      asked.then(forget, forget);
      latest = asked;
    }
    return latest;
  };
}

async function findPrimary(urls: readonly string[]): Promise<string> {
  const answers = urls.map(ask);
  const writable = answers.map((answer) =>
    answer.then((said) =>
      said.timeline === null ? Promise.reject(new NoPrimary('The host refuses writes.')) : said,
    ),
  );
  const first = await Promise.any(writable).catch(() => null);
  if (first === null) return refuse(answers);
  const heard: Said[] = [first];
  const others = writable.map((answer) => answer.then((said) => heard.push(said)));
  await Promise.race([Promise.allSettled(others), sleep(hearing)]);
  // A promotion begins a new timeline. A primary of before it that comes back by mistake takes
  // writes too, and must get none.
  return heard.reduce((newest, said) =>
    (said.timeline ?? '') > (newest.timeline ?? '') ? said : newest,
  ).url;
}

/** NO_PRIMARY where somebody answered, else why the first host did not. */
async function refuse(answers: readonly Promise<Said>[]): Promise<never> {
  const settled = await Promise.allSettled(answers);
  if (settled.some(({ status }) => status === 'fulfilled'))
    throw new NoPrimary('Each host refuses writes.');
  const [failed] = settled;
  throw failed?.status === 'rejected' ? failed.reason : new NoPrimary('There is no host.');
}

/** The timeline of a host that takes writes, eight hexadecimal digits; null where it takes none. */
async function ask(url: string): Promise<Said> {
  const sql = postgres(url, {
    max: 1,
    connect_timeout: patience,
    fetch_types: false,
    prepare: false,
    onnotice: () => {},
    connection: { application_name: 'latchkey-primary' },
  });
  // Of one that has been stopped in its tracks, neither an answer nor the end of the connection
  // comes.
  const deadline = setTimeout(() => void sql.end({ timeout: 0 }), patience * 1000);
  try {
    const [row] = await sql<{ timeline: string | null }[]>`
      select case when pg_is_in_recovery() or current_setting('transaction_read_only')::bool then null
             else left(pg_walfile_name(pg_current_wal_lsn()), 8) end as timeline`;
    return { url, timeline: row?.timeline ?? null };
  } finally {
    clearTimeout(deadline);
    void sql.end({ timeout: 0 });
  }
}
