// Verifications of bcrypt a second, one at a time and nothing else: node bench/hash-rate.mjs COST
// SECONDS. Started by bench/main.ts.
import { hash, verify } from '@node-rs/bcrypt';

const [cost, seconds] = process.argv.slice(2).map(Number);
const stored = await hash('otter lantern gravel sunday', cost);
const begun = performance.now();
let count = 0;
while (performance.now() - begun < seconds * 1000) {
  await verify('otter lantern gravel sunday', stored);
  count += 1;
}
process.stdout.write(`${(count * 1000) / (performance.now() - begun)}\n`);
