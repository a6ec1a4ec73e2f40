import { afterAll, beforeAll, expect, it } from 'vitest';
import { createMetrics, formatMetrics } from '../observability/metrics.ts';
import { startTestServer, type TestServer } from '../testing/app.ts';
import { countOf } from '../testing/metrics-page.ts';
import { watchClock } from './watch-clock.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ metrics: await createMetrics() });
});
afterAll(() => server.stop());

it('X-27 the offset to the database’s clock is a metric, and a line when it changes', async () => {
  const { app, clock, logLines } = server;
  const { look, stop } = watchClock(app);
  stop();
  const offsets: number[] = [];
  for (const ahead of [0, 40, 40, -40, 0, 0]) {
    clock.set(new Date(Date.now() + ahead * 1000));
    await look();
    const page = await formatMetrics([await app.metrics.snapshot()]);
    offsets.push(Math.round(countOf(page, 'latchkey_clock_offset_seconds') / 20) * 20);
  }
  // The database of the tests has this machine's clock.
  expect(offsets.map((offset) => offset + 0)).toEqual([0, 40, 40, -40, 0, 0]);
  const lines = logLines
    .map((line) => JSON.parse(line))
    .filter(({ event }) => event === 'clock.offset');
  expect(lines.map(({ level }) => level)).toEqual(['warn', 'info']);
  expect(lines[0].msg).toContain('Run a time service');
});
