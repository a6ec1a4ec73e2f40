import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import { askServer, type Kind, kinds, type Ledger, type Operation, type Reply } from './ledger.ts';
import { out } from './report.ts';

/** A fault, by `performance.now()`. */
export type Fault = { readonly begunAt: number; readonly endedAt: number };

/**
 * Compares what was acknowledged with the database, and by signing in, refreshing and using ended
 * sessions again. Answers with what is lost, the ledger's own breaches among it.
 */
export async function checkLedger(
  ledger: Ledger,
  input: { readonly urls: readonly string[]; readonly databaseUrl: string },
): Promise<string[]> {
  const lost = [...ledger.breaches, ...(await compareWithDatabase(ledger, input.databaseUrl))];
  for (const [n, account] of ledger.accounts.entries()) {
    const url = input.urls[n % input.urls.length] ?? '';
    if (!account.isVerified) continue;
    for (const { refreshToken, accessToken } of account.ended) {
      const me = await untilAnswered(() => askServer(url, 'me', {}, accessToken));
      const again = await untilAnswered(() =>
        askServer(url, 'refresh', { input: { refreshToken } }),
      );
      if (me.outcome !== 'refused' || again.outcome !== 'refused')
        lost.push(`a session of ${account.email} that was signed out is there again`);
    }
    if (account.session) {
      const { refreshToken } = account.session;
      const { outcome, answer } = await untilAnswered(() =>
        askServer(url, 'refresh', { input: { refreshToken } }),
      );
      if (outcome !== 'acknowledged')
        lost.push(`${account.email} was signed out: ${JSON.stringify(answer)}`);
    }
    const { email } = account;
    let isIn = false;
    for (const password of account.passwords) {
      const signedIn = await untilAnswered(() =>
        askServer(url, 'signIn', { input: { email, password } }),
      );
      isIn ||= signedIn.outcome === 'acknowledged';
    }
    if (!isIn) lost.push(`${email} cannot sign in any more`);
  }
  return lost;
}

/** A server that has no room at the moment has lost nothing. */
async function untilAnswered(ask: () => Promise<Reply>): Promise<Reply> {
  for (let tries = 0; ; tries += 1) {
    const reply = await ask();
    if (reply.outcome !== 'unanswered' || tries === 100) return reply;
    await sleep(200);
  }
}

async function compareWithDatabase(ledger: Ledger, url: string): Promise<string[]> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    const rows = await sql<{ id: string; email: string }[]>`
      select id, email_canonical as email from users where email_verified_at is not null`;
    const stored = new Map(rows.map(({ id, email }) => [email, id]));
    return ledger.accounts
      .filter(({ email, id, isVerified }) => isVerified && stored.get(email) !== id)
      .map(({ email }) => `${email} is not in the database as it was answered`);
  } finally {
    await sql.end();
  }
}

export type Recovery = {
  readonly kind: Kind;
  readonly acknowledged: number;
  readonly unanswered: number;
  /** From the fault's end to the first success of what was begun after the fault began. */
  readonly firstSuccess: number;
  /** The same from the first try after the fault's end on; 0 if nobody tried. */
  readonly back: number;
  /** The longest time without a success, from the fault's beginning on. */
  readonly longestWithout: number;
  /** From the fault's end to the end of the last request that it caught. */
  readonly caughtUntil: number;
  /** The longest that a request waited for its answer which was begun after the fault's end. */
  readonly slowestAfter: number;
};

/** How each kind of operation came through a fault, in milliseconds. */
export function recoveries(ledger: Ledger, fault: Fault): Recovery[] {
  return kinds.map((kind) => {
    const all = ledger.operations.filter((operation) => operation.kind === kind);
    const successes = all.filter(({ outcome }) => outcome === 'acknowledged');
    const after = successes.filter(({ sentAt }) => sentAt > fault.begunAt);
    const caught = all.filter(
      ({ sentAt, endedAt }) => sentAt < fault.endedAt && endedAt > fault.endedAt,
    );
    const firstSuccess = Math.max(0, least(after.map(({ endedAt }) => endedAt)) - fault.endedAt);
    const firstTry =
      least(all.map(({ sentAt }) => sentAt).filter((sentAt) => sentAt > fault.endedAt)) -
      fault.endedAt;
    return {
      kind,
      acknowledged: successes.length,
      unanswered: all.filter(({ outcome }) => outcome === 'unanswered').length,
      firstSuccess,
      back: Number.isFinite(firstTry) ? Math.max(0, firstSuccess - firstTry) : 0,
      longestWithout: longestGap(successes, fault),
      caughtUntil: Math.max(0, ...caught.map(({ endedAt }) => endedAt - fault.endedAt)),
      slowestAfter: Math.max(
        0,
        ...all
          .filter(({ sentAt }) => sentAt >= fault.endedAt)
          .map(({ sentAt, endedAt }) => endedAt - sentAt),
      ),
    };
  });
}

/** One line for each kind of operation. */
export function printRecoveries(rows: readonly Recovery[]): void {
  for (const row of rows) {
    const at = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`;
    out(
      `    ${row.kind.padEnd(15)}${row.acknowledged} done, ${row.unanswered} unanswered; ` +
        `back after ${at(row.firstSuccess)}, longest without ${at(row.longestWithout)}, ` +
        `caught ones end within ${at(row.caughtUntil)}, new ones within ${at(row.slowestAfter)}`,
    );
  }
}

function least(values: readonly number[]): number {
  return values.length === 0 ? Number.POSITIVE_INFINITY : Math.min(...values);
}

function longestGap(successes: readonly Operation[], fault: Fault): number {
  const ends = successes
    .map(({ endedAt }) => endedAt)
    .filter((endedAt) => endedAt > fault.begunAt)
    .sort((one, other) => one - other);
  let longest = 0;
  let before = fault.begunAt;
  for (const end of ends) {
    longest = Math.max(longest, end - before);
    before = end;
  }
  return longest;
}
