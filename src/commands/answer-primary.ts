import type { Metrics, Snapshot } from '../observability/metrics.ts';

/** What a worker sends to the primary process. */
export type WorkerMessage =
  | { readonly latchkey: 'ready' }
  | { readonly latchkey: 'metrics'; readonly snapshot: Snapshot };

/** What the primary process asks of a worker. */
export const metricsQuestion = { latchkey: 'metrics?' };

/**
 * The worker's side of the protocol: it reports that it serves, and sends its metrics when asked.
 */
export function answerPrimary(metrics: Metrics): void {
  const tell = (message: WorkerMessage): void => {
    // The primary process may have ended meanwhile; that is not this worker's fault.
    if (process.connected) process.send?.(message, undefined, {}, () => {});
  };
  process.on('message', (message: unknown) => {
    if (typeof message !== 'object' || message === null) return;
    if (Reflect.get(message, 'latchkey') !== metricsQuestion.latchkey) return;
    metrics.snapshot().then(
      (snapshot) => tell({ latchkey: 'metrics', snapshot }),
      () => {},
    );
  });
  tell({ latchkey: 'ready' });
}
