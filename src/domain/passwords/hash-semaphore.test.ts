import { expect, it } from 'vitest';
import { hashSemaphoreWidth } from './hash-semaphore.ts';

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
