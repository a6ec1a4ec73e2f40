import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { longest } from './longest-first.ts';

it('the listed files exist', () => {
  expect(longest.filter((file) => !existsSync(file))).toEqual([]);
});
