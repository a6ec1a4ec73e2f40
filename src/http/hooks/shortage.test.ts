import { describe, expect, it } from 'vitest';
import { poolExhausted } from '../../db/driver/failures.ts';
import { EventLoop } from '../../observability/event-loop.ts';
import { shortage } from './shortage.ts';

const failure = (code: string) =>
  Object.assign(new Error('outer'), { cause: Object.assign(new Error('inner'), { code }) });

describe('X-31 what was short', () => {
  it.each([
    [poolExhausted(), 'No connection of the pool'],
    [failure('POOL_EXHAUSTED'), 'No connection of the pool'],
    [failure('OPERATION_OVER'), 'The time of the operation was over'],
    [failure('57014'), 'A statement took longer'],
    [failure('55P03'), 'A lock in the database'],
    [failure('53300'), 'takes no more connections'],
    [failure('53100'), 'The disk of the database'],
    [failure('25006'), 'it is a replica'],
    [failure('CONNECT_TIMEOUT'), 'The database does not answer.'],
    [failure('ECONNREFUSED'), 'The database does not answer.'],
    [new Error('unknown'), 'The database does not answer.'],
  ])('%s: %s', (error, text) => {
    expect(shortage(error, 0)).toContain(text);
  });
  it.each(['POOL_EXHAUSTED', 'OPERATION_OVER', 'CONNECT_TIMEOUT'])(
    '%s was the processor’s where the process was held',
    (code) => {
      expect(shortage(failure(code), 999)).not.toContain('processor');
      expect(shortage(failure(code), 2400)).toContain('The processor was short');
      expect(shortage(failure(code), 2400)).toContain('2400 ms');
    },
  );
  it.each(['ECONNREFUSED', '57014', '57P01'])('%s is the database’s own word', (code) => {
    expect(shortage(failure(code), 2400)).not.toContain('processor');
  });

  it('the event loop was held for as long as a tick is late, for ten seconds and now', () => {
    let now = 0;
    const loop = new EventLoop(() => now);
    const tickAt = (at: number) => {
      now = at;
      loop.tick();
    };
    for (let at = 250; at <= 1000; at += 250) tickAt(at);
    expect(loop.longestHold()).toBe(0);
    now = 3000;
    expect(loop.longestHold()).toBe(1750);
    tickAt(3100);
    for (let n = 1; n <= 39; n += 1) tickAt(3100 + n * 250);
    expect(loop.longestHold()).toBe(1850);
    tickAt(3100 + 40 * 250);
    expect(loop.longestHold()).toBe(0);
  });
});
