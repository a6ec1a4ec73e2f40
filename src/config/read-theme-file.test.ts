import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { snippets } from '../testing/snippets.ts';
import { contrast, contrastProblems, ownTheme } from './pages-theme.ts';
import { themeFile } from './read-theme-file.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-theme-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const svg = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M1 1h7"/></svg>';

function write(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

function read(theme: unknown) {
  const text = typeof theme === 'string' ? theme : JSON.stringify(theme);
  return themeFile.safeParse(write('theme.json', text));
}

function problemsOf(theme: unknown): string[] {
  return read(theme).error?.issues.map(({ message }) => message) ?? [];
}

describe('a theme', () => {
  it.each<[string, unknown, string]>([
    ['no JSON', '{ "radius": 8', 'names a file that is not JSON'],
    ['a file too large', ' '.repeat(100_001), 'names a file that is too large for a theme'],
    ['no object', '[]', 'must hold an object'],
    ['an unknown member', { font: 'Comic' }, 'font is no member of a theme'],
    ['an unknown colour', { light: { ink: '#000' } }, 'light.ink is no member of a theme'],
    ['no colours', { dark: '#000' }, 'dark must be an object of colours'],
    ['a name', { light: { text: 'black' } }, 'light.text must be a colour such as #7a5000'],
    [
      'a colour that leaves its place',
      { light: { text: '#000;} body { background: url(//evil.example)' } },
      'light.text must be a colour such as #7a5000',
    ],
    ['transparency', { dark: { text: '#ffffffee' } }, 'dark.text must be a colour such as #7a5000'],
    ['a length', { radius: '8px' }, 'radius must be a number of pixels from 0 to 24'],
    ['a large radius', { radius: 25 }, 'radius must be a number of pixels from 0 to 24'],
    [
      'a logo elsewhere',
      { logo: '../secret.svg' },
      'logo must name an SVG or PNG file in the folder of this file',
    ],
    [
      'a logo by an address',
      { logo: 'https://evil.example/logo.svg' },
      'logo must name an SVG or PNG file in the folder of this file',
    ],
    ['a logo that is not there', { logo: 'none.svg' }, 'logo names a file that cannot be read'],
    ['a large logo', { logo: 'large.svg' }, 'logo has 20082 bytes, and may have 20000 at most'],
    ['a logo that is no PNG', { logo: 'svg.png' }, 'logo is not a PNG file'],
    [
      'a logo that no browser shows',
      { logo: 'bare.svg' },
      'logo is not an SVG file with xmlns="http://www.w3.org/2000/svg"',
    ],
  ])('is refused with %s', (_what, theme, problem) => {
    write('large.svg', svg + ' '.repeat(20_000));
    write('svg.png', svg);
    write('bare.svg', '<svg viewBox="0 0 9 9"></svg>');
    expect(problemsOf(theme)).toEqual([problem]);
  });

  it('is refused where its file is not there', () => {
    const { error } = themeFile.safeParse(join(folder, 'nowhere.json'));
    expect(error?.issues.map(({ message }) => message)).toEqual([
      'names a file that cannot be read',
    ]);
  });

  it.each([
    ['text', 'background', '#767676', '#f6f5f2', '4.16', 4.5],
    ['quietText', 'sheet', '#777777', '#ffffff', '4.47', 4.5],
    ['onAccent', 'accent', '#ffffff', '#0b80ff', '3.78', 4.5],
    ['bad', 'badBackground', '#e0483e', '#fdecea', '3.55', 4.5],
    ['good', 'goodBackground', '#3a9a5a', '#e9f5ec', '3.14', 4.5],
    ['fieldBorder', 'sheet', '#959595', '#ffffff', '2.99', 3],
  ])('is refused with too little contrast of %s on %s, with the figure', (...row) => {
    const [front, back, colour, ground, ratio, least] = row;
    const problem = `${front} on light.${back} has a contrast of ${ratio}, and must have ${least}`;
    const problems = problemsOf({ light: { [front]: colour, [back]: ground } });
    expect(problems).toContain(`light.${problem} at least`);
  });

  it('is refused in the dark as in the light, all at once', () => {
    const problems = problemsOf({
      light: { accent: '#ffcc00' },
      dark: { accent: '#7a5000' },
      logo: 'none.png',
    });
    expect(problems).toEqual([
      'logo names a file that cannot be read',
      expect.stringMatching(/^light\.accent on light\.background has a contrast of 1\.\d\d,/),
      expect.stringMatching(/^light\.accent on light\.sheet /),
      expect.stringMatching(/^light\.accent on light\.highlight /),
      expect.stringMatching(/^light\.onAccent on light\.accent /),
      expect.stringMatching(/^dark\.accent on dark\.background has a contrast of 2\.\d\d,/),
      expect.stringMatching(/^dark\.accent on dark\.sheet /),
      expect.stringMatching(/^dark\.accent on dark\.highlight /),
      expect.stringMatching(/^dark\.onAccent on dark\.accent /),
    ]);
  });

  it('takes the place of ours where it says something', () => {
    write('logo.svg', svg);
    const { data } = read({
      light: { accent: '#05C', onAccent: '#fff' },
      radius: 0,
      logo: 'logo.svg',
    });
    expect(data).toEqual({
      ...ownTheme,
      light: { ...ownTheme.light, accent: '#0055cc', onAccent: '#ffffff' },
      radius: 0,
      logo: { type: 'image/svg+xml', bytes: Buffer.from(svg) },
    });
    expect(read({}).data).toEqual(ownTheme);
  });

  it('is read as docs/pages.md shows one, which names every colour', () => {
    write('logo.svg', svg);
    const [example = ''] = snippets('../pages.md', 'json');
    expect(problemsOf(example)).toEqual([]);
    const page = readFileSync('docs/pages.md', 'utf8');
    const missing = Object.keys(ownTheme.light).filter((name) => !page.includes(`\`${name}\``));
    expect(missing).toEqual([]);
  });

  it('of ours has the contrast that is asked of others', () => {
    expect(contrastProblems(ownTheme)).toEqual([]);
  });
});

describe('contrast', () => {
  it.each([
    ['#000000', '#ffffff', 21],
    ['#ffffff', '#ffffff', 1],
    ['#767676', '#ffffff', 4.54],
    ['#0000ff', '#ffffff', 8.59],
  ])('of %s and %s is %d, whichever stands in front', (one, other, ratio) => {
    expect(contrast(one, other)).toBeCloseTo(ratio, 2);
    expect(contrast(other, one)).toBeCloseTo(ratio, 2);
  });
});
