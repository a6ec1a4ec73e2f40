import { monitorEventLoopDelay } from 'node:perf_hooks';
import { startBenchServer } from './bench-server.ts';
import type { Order, ServeOptions } from './serve-apart.ts';

// A bench server in a process of its own, so that what asks it does not take its time. Started by
// shared/serve-apart.ts.
const options: ServeOptions = JSON.parse(process.argv[2] ?? '{}');
const server = await startBenchServer(options);
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();

/** Milliseconds, of all of this process's threads. */
function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

async function obey(order: Order): Promise<unknown> {
  switch (order.order) {
    case 'put':
      for (const email of order.emails) await server.putAccount({ email, kind: 'known' });
      return null;
    case 'loop': {
      // The monitor's own waiting of a millisecond is no delay.
      const late = { p99: delay.percentile(99) / 1e6 - 1, max: delay.max / 1e6 - 1 };
      delay.reset();
      return late;
    }
    case 'processor':
      return processorTime();
    case 'hash': {
      const before = processorTime();
      await server.hash();
      return processorTime() - before;
    }
    case 'memory': {
      globalThis.gc?.();
      const { heapUsed, rss } = process.memoryUsage();
      return { heapUsed, rss };
    }
    case 'day':
      server.advance(86_400);
      await server.purge();
      return null;
    case 'rows':
      return server.rows();
    case 'stop':
      return server.stop();
  }
}

process.on('message', (order: Order) => {
  void obey(order).then((said) => {
    process.send?.({ said: said ?? null });
    if (order.order === 'stop') process.disconnect();
  });
});
// The parent process has ended.
process.once('disconnect', () => process.exit());
process.send?.({ said: server.url });
