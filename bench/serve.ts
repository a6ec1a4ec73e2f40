import { monitorEventLoopDelay } from 'node:perf_hooks';
import { startBenchServer } from './bench-server.ts';

/** A bench server in a process of its own, so that what asks it does not take its time. Started by bench/serve-apart.ts. */
const server = await startBenchServer({ bcryptCost: Number(process.argv[2]) });
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();

type Order =
  | { readonly order: 'put'; readonly emails: readonly string[]; readonly password: string }
  | { readonly order: 'loop' }
  | { readonly order: 'stop' };

async function obey(message: Order): Promise<unknown> {
  if (message.order === 'put') {
    for (const email of message.emails) await server.putAccount({ email, kind: 'known', password: message.password });
    return null;
  }
  if (message.order === 'loop') {
    // The monitor's own waiting of a millisecond is no delay.
    const blocked = { p99: delay.percentile(99) / 1e6 - 1, max: delay.max / 1e6 - 1, rss: process.memoryUsage.rss() };
    delay.reset();
    return blocked;
  }
  await server.stop();
  return null;
}

process.on('message', (message: Order) => {
  void obey(message).then((answer) => {
    process.send?.({ answer });
    if (message.order === 'stop') process.disconnect();
  });
});
// Whoever started it has gone.
process.once('disconnect', () => void server.stop().then(() => process.exit()));
process.send?.({ answer: server.url });
