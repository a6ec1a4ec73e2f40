import { describe, expect, it } from 'vitest';
import type { Place, Semaphore } from '../../semaphore.ts';
import { createHashSemaphore, hashSemaphoreWidth } from './hash-semaphore.ts';

const one = { processes: 1, threads: 4, wanted: null };

it.each([
  ['leaves a core free', { ...one, cores: 4 }, 3],
  ['makes one hash at a time on one core', { ...one, cores: 1 }, 1],
  ['makes one hash at a time on two cores', { ...one, cores: 2 }, 1],
  ['leaves a thread of the pool free', { ...one, cores: 16 }, 3],
  ['uses a larger pool up to the number of cores', { ...one, cores: 16, threads: 32 }, 15],
  ['shares the cores between processes', { ...one, cores: 9, processes: 4, threads: 32 }, 2],
  [
    'makes one hash at a time where there are more processes than cores',
    { ...one, cores: 2, processes: 8 },
    1,
  ],
  ['uses the configured number', { ...one, cores: 2, wanted: 3 }, 3],
  ['never exceeds the threads of the pool', { ...one, cores: 2, wanted: 8 }, 3],
])('AV-1 %s', (_, machine, width) => {
  expect(hashSemaphoreWidth(machine)).toBe(width);
});

describe('X-2 the places of the semaphores', () => {
  const networks = (...names: string[]) => names.map((name) => ({ name }));
  const settle = () => new Promise((resolve) => setImmediate(resolve));

  /** Calls that run until `end`; the number of each that was refused. */
  function flood(semaphore: Semaphore) {
    const ends: (() => void)[] = [];
    const order: string[] = [];
    const call = async (name: string, place: Place): Promise<string> => {
      try {
        await semaphore.run(async () => {
          order.push(name);
          await new Promise<void>((resolve) => ends.push(resolve));
        }, place);
        return 'done';
      } catch {
        return 'refused';
      }
    };
    const finish = async (): Promise<void> => {
      for (await settle(); ends.length > 0; await settle()) ends.shift()?.();
    };
    return { call, finish, order };
  }

  const make = () => createHashSemaphore({ width: 1, queue: 8 });

  it.each([
    ['one address', () => networks('a', 'a/56', 'a/48')],
    ['a /56 of many /64s', (n: number) => networks(`${n}`, 'a/56', 'a/48')],
    ['a /48 of many /56s', (n: number) => networks(`${n}`, `${n}/56`, 'a/48')],
  ])('X-2 no more than a third are of %s', async (_, networksOf) => {
    const semaphore = make();
    const { call, finish } = flood(semaphore);
    const floods = Array.from({ length: 20 }, (__, n) =>
      call('flood', { networks: networksOf(n), isKnown: false }),
    );
    await settle();
    expect(semaphore.isFull({ networks: networksOf(0), isKnown: false })).toBe(true);
    const other = call('other', { networks: networks('b', 'b/56', 'b/48'), isKnown: false });
    await finish();
    expect(await other).toBe('done');
    const done = (await Promise.all(floods)).filter((outcome) => outcome === 'done');
    expect(done).toHaveLength(3);
    expect(semaphore.isFull({ networks: networksOf(0), isKnown: false })).toBe(false);
  });

  it('X-2 known devices have places of their own when all others are taken, in turns', async () => {
    const semaphore = make();
    const { call, finish, order } = flood(semaphore);
    const floods = Array.from({ length: 20 }, (_, n) =>
      call('flood', { networks: networks(`${n}`), isKnown: false }),
    );
    await settle();
    const known = call('known', { networks: networks('0'), isKnown: true });
    await finish();
    expect(await known).toBe('done');
    expect(order.indexOf('known')).toBe(1);
    expect((await Promise.all(floods)).filter((outcome) => outcome === 'done')).toHaveLength(9);
  });

  it('X-2 one network cannot hold all the places of known devices either', async () => {
    const semaphore = createHashSemaphore({ width: 1, queue: 24 });
    const { call, finish } = flood(semaphore);
    const place = { networks: networks('a'), isKnown: true };
    const floods = Array.from({ length: 60 }, () => call('flood', place));
    await settle();
    const other = call('other', { networks: networks('b'), isKnown: true });
    await finish();
    expect(await other).toBe('done');
    await Promise.all(floods);
  });
});
