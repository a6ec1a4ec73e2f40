import { eventLoop } from '../../observability/event-loop.ts';

/** Milliseconds; less than that a busy machine has at any time. */
const longHold = 1000;

/** Codes of time limits of this process, which run out as well when the process has no time. */
const ownLimits: ReadonlySet<string> = new Set([
  'POOL_EXHAUSTED',
  'OPERATION_OVER',
  'CONNECT_TIMEOUT',
]);

const texts: Readonly<Record<string, string>> = {
  POOL_EXHAUSTED: 'No connection of the pool became free in time: statements hold them.',
  OPERATION_OVER: 'The time of the operation was over before the database had answered.',
  '53300': 'The database takes no more connections.',
  '53100': 'The disk of the database is full.',
  '57014': 'A statement took longer than its limit.',
  '55P03': 'A lock in the database was not free in time.',
  '25006': 'The server of the database takes no changes: it is a replica, or was made one.',
  '40001': 'Changes at the same time could not be brought into an order.',
  '40P01': 'Changes at the same time waited for each other.',
};

/** What was short where a request could not be served, for the log: a sentence. */
export function shortage(error: unknown, held = eventLoop().longestHold()): string {
  const code = codeOf(error);
  if (ownLimits.has(code) && held >= longHold) {
    return (
      `The processor was short: this process could do nothing else for ${Math.round(held)} ms. ` +
      'Give it more, or more instances.'
    );
  }
  return texts[code] ?? 'The database does not answer.';
}

/** The first code in the chain of causes. */
function codeOf(error: unknown): string {
  for (
    let current = error, depth = 0;
    current instanceof Error && depth < 5;
    current = current.cause, depth += 1
  ) {
    if ('code' in current && typeof current.code === 'string') return current.code;
  }
  return '';
}
