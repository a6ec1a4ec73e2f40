import { parentPort } from 'node:worker_threads';
import { estimateStrength, loadStrengthEstimator } from './estimate-strength.ts';
import type { StrengthQuestion } from './judge-strength.ts';

// The thread that judge-strength.ts starts. An error here ends it, and judge-strength.ts reports
// that to the caller.
await loadStrengthEstimator();
parentPort?.on('message', async ({ password, context }: StrengthQuestion) => {
  parentPort?.postMessage(await estimateStrength(password, context));
});
