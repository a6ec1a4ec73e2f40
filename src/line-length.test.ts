import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const most = 100;
const sources = /\.(?:css|grit|html|js|mjs|sh|ts|tsx)$/;

/** Line numbers over the limit; a `data:` URL cannot be broken. */
function longLines(text: string): number[] {
  return text
    .split('\n')
    .flatMap((line, index) =>
      [...line].length > most && !line.includes('data:image/') ? [index + 1] : [],
    );
}

describe('lines', () => {
  it('no line of a source is longer than 100 characters', () => {
    const files = execFileSync('git', ['ls-files'], { encoding: 'utf8' }).split('\n');
    const long = files
      .filter((file) => sources.test(file))
      .flatMap((file) => longLines(readFileSync(file, 'utf8')).map((line) => `${file}:${line}`));
    expect(long).toEqual([]);
  });

  it.each([
    ['a string', `const text = '${'x'.repeat(90)}';`],
    ['a comment', `// ${'x'.repeat(98)}`],
    ['astral characters', `// ${'🔑'.repeat(98)}`],
  ])('finds %s', (_, line) => {
    expect(longLines(`\n${line}`)).toEqual([2]);
  });

  it.each([
    ['at the limit', 'x'.repeat(100)],
    ['of few characters', '🔑'.repeat(100)],
  ])('lets a line %s be', (_, line) => {
    expect(longLines(line)).toEqual([]);
  });
});
