import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { entries } from '../../config/entries.ts';
import { ConfigError } from '../../config/read-config.ts';
import { AuthError } from '../../errors.ts';
import { systemRandom } from '../../random.ts';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { countRows } from '../../testing/raw-sql.ts';
import { type BudgetOverrides, budgets } from './budgets.ts';
import { budgetOf, type Claim, refund, release, reserve, reserveUnseen } from './reserve.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ config: { rateLimitMultiplier: 1 } });
});
afterAll(() => server.stop());

let count = 0;
function fresh(budget: Claim['budget']): Claim {
  count += 1;
  return { budget, identifier: `identifier ${count}` };
}

/** The seconds to wait, or 0 where it was accepted. */
async function waitFor(claims: readonly Claim[], app = server.app): Promise<number> {
  try {
    await reserve(app, claims);
    return 0;
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    expect(error.code).toBe('RATE_LIMITED');
    return error.retryAfter ?? Number.NaN;
  }
}

async function waits(claim: Claim, times: number): Promise<number[]> {
  const found: number[] = [];
  for (let time = 0; time < times; time += 1) found.push(await waitFor([claim]));
  return found;
}

describe('a budget', () => {
  it('RL-6 is not exceeded by concurrent requests on two instances', async () => {
    const other = await server.another();
    const claim = fresh('register:account');
    const asked = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        waitFor([claim], index % 2 === 0 ? server.app : other.app),
      ),
    );
    await other.stop();
    expect(asked.filter((wait) => wait === 0)).toHaveLength(budgets['register:account'].limit);
  });

  it('ADV-53 is restored when its window ends, however often it was tried meanwhile', async () => {
    const claim = fresh('register:account');
    await waits(claim, 5);
    server.clock.advance(3000);
    expect(await waits(claim, 20)).toEqual(new Array(20).fill(600));
    server.clock.advance(599);
    expect(await waitFor([claim])).toBe(1);
    server.clock.advance(1);
    expect(await waits(claim, 6)).toEqual([0, 0, 0, 0, 0, 3600]);
  });

  it('RL-1 delays a guesser more and more, then until the window ends', async () => {
    const claim = fresh('login:account');
    expect(await waits(claim, 5)).toEqual([0, 0, 0, 0, 0]);
    let passed = 0;
    for (const delay of [10, 20, 40, 80, 160]) {
      expect(await waitFor([claim])).toBe(delay);
      server.clock.advance(delay - 1);
      expect(await waitFor([claim])).toBe(1);
      server.clock.advance(1);
      expect(await waitFor([claim])).toBe(0);
      passed += delay;
    }
    expect(await waitFor([claim])).toBe(900 - passed);
    server.clock.advance(900 - passed);
    expect(await waitFor([claim])).toBe(0);
  });

  it('is not consumed by refusals', async () => {
    const [first, second] = [fresh('register:address'), fresh('register:account')];
    await waits(first, 30);
    for (let time = 0; time < 20; time += 1)
      expect(await waitFor([first, second])).toBeGreaterThan(0);
    expect(await waits(second, 6)).toEqual([0, 0, 0, 0, 0, 3600]);
  });

  it('restores one place, or all', async () => {
    const claim = fresh('register:account');
    await waits(claim, 5);
    await refund(server.app, { db: server.app.db, claim });
    expect(await waits(claim, 2)).toEqual([0, 3600]);
    await release(server.app, { db: server.app.db, claims: [claim] });
    expect(await waits(claim, 6)).toEqual([0, 0, 0, 0, 0, 3600]);
  });

  it('answers false where its exhaustion is not disclosed', async () => {
    const claim = fresh('mail:recipient');
    for (let time = 0; time < budgets['mail:recipient'].limit; time += 1)
      expect(await reserveUnseen(server.app, [claim])).toBe(true);
    expect(await reserveUnseen(server.app, [claim])).toBe(false);
  });

  it('LG-1 logs once per window that it was reached, without the identifier', async () => {
    const claim = fresh('register:account');
    const before = server.logLines.length;
    await waits(claim, 15);
    const lines = server.logLines.slice(before).filter((line) => line.includes('limit.reached'));
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'warn', budget: 'register:account' });
    expect(lines[0]).not.toContain('identifier');
  });

  it('RL-10 AV-7 leaves no rows behind when its window has ended', async () => {
    // One reservation in 256 deletes expired rows, by chance; here each does.
    const random = {
      ...systemRandom,
      bytes: (length: number) => (length === 1 ? Uint8Array.of(0) : systemRandom.bytes(length)),
    };
    const app = { ...server.app, random };
    const sizes: number[] = [];
    for (let round = 0; round < 4; round += 1) {
      for (let n = 0; n < 150; n += 1) {
        expect(
          await waitFor([{ budget: 'login:account', identifier: `made up ${round} ${n}` }], app),
        ).toBe(0);
      }
      sizes.push(await countRows(server, 'rate_limits'));
      server.clock.advance(86_400);
    }
    expect(sizes.slice(1)).toEqual([150, 150, 150]);
  });
});

describe('RATE_LIMITS', () => {
  const read = (text: string): BudgetOverrides => entries.rateLimits.schema.parse(text);
  const rule = (text: string): string => {
    const result = entries.rateLimits.schema.safeParse(text);
    if (result.success) throw new ConfigError(['taken']);
    return result.error.issues[0]?.message ?? '';
  };

  it('refuses an unknown budget, limit or window, and does not echo it', () => {
    for (const text of ['secret=1/1h', '__proto__=1/1h', 'constructor=1/1h']) {
      expect(rule(text)).toBe('entry 1 names no budget, such as login:account=10/15m');
    }
    for (const text of [
      'login:account',
      'login:account=0/15m',
      'login:account=/15m',
      'login:account=1/1h/0/1s',
    ]) {
      expect(rule(text)).toBe('entry 1 must have a limit of 1 or more');
    }
    expect(rule('mail:day=1/1d,login:account=1/15')).toBe(
      'entry 2 needs a unit: write 30s, 15m, 12h or 14d',
    );
    expect(rule('login:account=1/15m/1')).toBe(
      'entry 1 must be a duration such as 30s, 15m, 12h or 14d',
    );
    expect(rule('login:account=1/15m/1/1s/1')).toBe('entry 1 must be like 10/15m or 10/15m/5/10s');
    expect(rule('mail:day=1/1d, mail:day=2/1d')).toBe('entry 2 names a budget a second time');
  });

  it('changes the named budgets, and the multiplier applies to them', () => {
    const rateLimits = read('login:account=4/2m, login:device=8/1h/2/30s');
    const config = { rateLimits, rateLimitMultiplier: 3 };
    expect(budgetOf({ config }, 'login:account')).toEqual({ limit: 12, window: 120 });
    const delay = { after: 6, firstSeconds: 30 };
    expect(budgetOf({ config }, 'login:device')).toEqual({ limit: 24, window: 3600, delay });
    expect(budgetOf({ config }, 'login:address')).toEqual({ limit: 300, window: 900 });
    expect(
      budgetOf({ config: { rateLimits: {}, rateLimitMultiplier: 0.001 } }, 'login:address').limit,
    ).toBe(1);
  });
});

it('RL-8 docs/security.md names every budget with its limit and window', () => {
  const text = readFileSync(new URL('../../../docs/security.md', import.meta.url), 'utf8');
  const rows = [
    ...text.matchAll(
      /^\| `([a-z:-]+)` \| ([\d,]+|no limit) in (\d+) (minutes?|hours?|days?|years?) \|/gm,
    ),
  ].map((row) => {
    const unit = { m: 60, h: 3600, d: 86_400, y: 365 * 86_400 }[(row[4] ?? '').charAt(0)] ?? 0;
    return [
      row[1],
      {
        limit: Number(row[2]?.replaceAll(',', '').replace('no limit', 'Infinity')),
        window: Number(row[3]) * unit,
      },
    ] as const;
  });
  const described = Object.fromEntries(rows);
  const inCode = Object.entries(budgets).map(
    ([name, { limit, window }]) => [name, { limit, window }] as const,
  );
  expect(described).toEqual(Object.fromEntries(inCode));
  expect(rows).toHaveLength(inCode.length);
});

describe('budgets under concurrency', () => {
  it('RL-6 counting and releasing the same keys at once never deadlocks', async () => {
    for (let round = 0; round < 20; round += 1) {
      const claims: Claim[] = [
        { budget: 'otp:account', identifier: `${round}` },
        { budget: 'otp:consecutive', identifier: `${round}` },
        { budget: 'login:account', identifier: `${round}` },
      ];
      // So that the rows are not stored in the order of their keys.
      for (const claim of round % 2 ? claims : claims.toReversed())
        await reserve(server.app, [claim]);
      const work = Array.from({ length: 45 }, (_, index) =>
        index % 3
          ? reserve(server.app, claims)
          : release(server.app, { db: server.app.db, claims }),
      );
      const outcomes = await Promise.allSettled(work);
      const errors = outcomes.flatMap((outcome) =>
        outcome.status === 'rejected' ? [outcome.reason] : [],
      );
      expect(errors.filter((error) => error.code !== 'RATE_LIMITED')).toEqual([]);
    }
  });
});
