import type { Metrics, Snapshot } from '../observability/metrics.ts';

/** What a worker tells the first process. */
export type WorkerMessage =
  | { readonly latchkey: 'ready' }
  | { readonly latchkey: 'metrics'; readonly snapshot: Snapshot };

/** What the first process asks of a worker. */
export const metricsQuestion = { latchkey: 'metrics?' };

/**
 * A worker's side of the talk: it says that it serves, and hands over its metrics when it is asked.
 */
export function answerPrimary(metrics: Metrics): void {
  const tell = (message: WorkerMessage): void => {
    // The first process may have ended meanwhile; that is no fault of this one.
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
