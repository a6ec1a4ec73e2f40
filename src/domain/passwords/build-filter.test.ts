import { describe, expect, it } from 'vitest';
import { sha1Of } from '../../testing/range-stand-in.ts';
import { openFilter } from './breached-filter.ts';
import { type ListFormat, readList } from './breached-list.ts';
import { buildFilter } from './build-filter.ts';

const lines = (...texts: readonly (string | Buffer)[]): Buffer[] =>
  texts.map((text) => Buffer.from(text));
const digest = (password: string): Buffer => Buffer.from(sha1Of(password), 'hex');
const read = (given: readonly Buffer[], format: ListFormat | null = null) => [
  ...readList(given, format),
];

/** Which of five words a filter of these lines has; one of others is hardly taken for an entry. */
const words = ['otter', 'lantern', 'gravel', 'sunday', 'copper'];
const heldBy = (given: readonly Buffer[], top: number | null = null): string[] => {
  const filter = openFilter(buildFilter(() => readList(given, null), { top }).file);
  return words.filter((word) => filter.has(digest(word)));
};

describe('a list of breached passwords', () => {
  it.each([
    ['the end of a digest', `${'A'.repeat(35)}:12`],
    ['an NTLM digest', `${'A'.repeat(32)}:12`],
  ])('PW-19 is refused where its first line has %s', (_what, line) => {
    expect(() => read(lines(line))).toThrow('The first line has an NTLM digest or the end of');
    expect(read(lines(line), 'plain')).toEqual([{ digest: digest(line), seen: 0 }]);
  });

  it.each([
    ['another word', 'lantern'],
    ['a digest that is too short', 'A'.repeat(39)],
    ['a digest that is too long', 'A'.repeat(41)],
    ['a count that is none', `${'A'.repeat(40)}:many`],
  ])('PW-19 of digests is refused at a line with %s, by number and not by text', (_what, line) => {
    const given = lines(sha1Of('otter'), '', line);
    expect(() => read(given)).toThrow(/^Line 3 is not a SHA-1 digest/);
    expect(() => read(given)).not.toThrow(line);
  });

  it('PW-19 of digests is read with and without counts, in any letters and line ends', () => {
    const given = lines(`${sha1Of('otter')}:42\r`, sha1Of('lantern').toLowerCase(), '', '\r');
    expect(read(given)).toEqual([
      { digest: digest('otter'), seen: 42 },
      { digest: digest('lantern'), seen: 0 },
    ]);
  });

  it('PW-19 of passwords is read as they are: spaces stay, letters become NFC', () => {
    const given = lines('\ufeffotter', ' lantern \r', '', 'cafe\u0301', 'A'.repeat(40));
    expect(read(given).map((entry) => entry.digest)).toEqual(
      ['otter', ' lantern ', 'caf\u00e9', 'A'.repeat(40)].map(digest),
    );
  });
});

describe('building a filter', () => {
  it('PW-19 refuses an empty list, and one that changes meanwhile', () => {
    expect(() => buildFilter(() => readList(lines('', '\r'), null), { top: null })).toThrow(
      'The list is empty.',
    );
    const given = lines('otter', 'lantern');
    expect(() =>
      buildFilter(() => readList(given.splice(0, 1), null), { top: null }),
    ).not.toThrow();
    const shrinking = [lines('otter', 'lantern'), lines('otter')];
    expect(() => buildFilter(() => readList(shrinking.shift() ?? [], null), { top: null })).toThrow(
      'The list was changed while it was read.',
    );
  });

  it('PW-19 takes all of a list', () => {
    expect(heldBy(lines('otter', 'lantern', 'gravel'))).toEqual(['otter', 'lantern', 'gravel']);
  });

  it('PW-19 takes by --top those seen most often, and the first of those seen as often', () => {
    const counted = [7, 900, 7, 80, 7].map(
      (seen, index) => `${sha1Of(words[index] ?? '')}:${seen}`,
    );
    expect(heldBy(lines(...counted), 1)).toEqual(['lantern']);
    expect(heldBy(lines(...counted), 2)).toEqual(['lantern', 'sunday']);
    expect(heldBy(lines(...counted), 4)).toEqual(['otter', 'lantern', 'gravel', 'sunday']);
    expect(heldBy(lines(...counted), 9)).toEqual(words);
    const { count, listed } = buildFilter(() => readList(lines(...counted), null), { top: 4 });
    expect([count, listed]).toEqual([4, 5]);
  });

  it('PW-19 takes by --top the first ones of a list without counts', () => {
    expect(heldBy(lines(...words), 3)).toEqual(['otter', 'lantern', 'gravel']);
  });
});
