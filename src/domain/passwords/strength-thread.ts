import { parentPort } from 'node:worker_threads';
import { estimateStrength, loadStrengthEstimator } from './estimate-strength.ts';
import type { StrengthQuestion } from './judge-strength.ts';

// The thread that judge-strength.ts starts. A fault here ends it, and whoever has asked hears of it
// there.
await loadStrengthEstimator();
parentPort?.on('message', async ({ password, context }: StrengthQuestion) => {
  parentPort?.postMessage(await estimateStrength(password, context));
});
