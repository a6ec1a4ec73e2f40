import { readdirSync, readFileSync, statSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { builtConsole } from '../../testing/console-server.ts';

let directory: string;
let names: string[];
beforeAll(async () => {
  const page = builtConsole();
  await page.ready;
  ({ directory } = page);
  names = readdirSync(join(directory, 'assets'));
}, 120_000);

const read = (name: string): string => readFileSync(join(directory, 'assets', name), 'utf8');
const bytes = (name: string): number => statSync(join(directory, 'assets', `${name}.br`)).size;
const scriptOf = (part: string): string =>
  names.find((name) => name.startsWith(`${part}-`) && name.endsWith('.js')) ?? '';

/** A script and all that it imports at once. */
function closure(script: string, found = new Set<string>()): Set<string> {
  if (found.has(script)) return found;
  found.add(script);
  for (const [, name = ''] of read(script).matchAll(/(?:from|import)\s*["'`]\.\/([\w-]+\.js)/g))
    closure(name, found);
  return found;
}

describe('the console’s files', () => {
  it('are 130 kB at most for the first screen, compressed', () => {
    const index = readFileSync(join(directory, 'index.html'), 'utf8');
    const entry = /src="\/console\/assets\/([\w-]+\.js)"/.exec(index)?.[1] ?? '';
    const sheet = /href="\/console\/assets\/([\w-]+\.css)"/.exec(index)?.[1] ?? '';
    const scripts = closure(entry);
    // Both ways in: the address alone, and a list that was copied as a link.
    for (const screen of ['overview', 'user']) closure(scriptOf(screen), scripts);
    const first = [...closure(entry), ...closure(scriptOf('overview'))];
    const size = [...new Set(first), sheet].reduce((sum, name) => sum + bytes(name), 0);
    expect(size + brotliCompressSync(index).length).toBeLessThanOrEqual(130_000);
    // Each screen is a file of its own, and no file is there that nothing asks for.
    expect(scripts.size).toBeGreaterThan(5);
  });

  it('hold one copy of React, and no parser of GraphQL: the build has parsed', () => {
    const all = names
      .filter((name) => name.endsWith('.js'))
      .map(read)
      .join('');
    expect(all.split('isValidElement=')).toHaveLength(2);
    expect(all).toContain('ConsoleUsers');
    expect(all).not.toContain('Syntax Error');
  });

  it('PG-8 hold nothing of the machine that built them, and no secret', () => {
    const own = [process.cwd(), hostname(), userInfo().homedir, 'localhost', 'BEGIN PRIVATE KEY'];
    const texts = [...names.filter((name) => !name.endsWith('.br')).map(read)];
    texts.push(readFileSync(join(directory, 'index.html'), 'utf8'));
    for (const text of texts) {
      for (const part of own.filter(({ length }) => length > 3)) expect(text).not.toContain(part);
      expect(text).not.toMatch(/sourceMappingURL|process\.env\.(?!NODE_ENV)|SECRET_KEY=/);
    }
  });

  it('PG-1 have nothing inline, and come from one place', () => {
    const index = readFileSync(join(directory, 'index.html'), 'utf8');
    for (const [, attributes = '', inline] of index.matchAll(/<script([^>]*)>(.*?)<\/script>/gs)) {
      expect(attributes).toMatch(/ src="\/console\/assets\/[\w-]+\.js"/);
      expect(inline).toBe('');
    }
    expect(index).not.toMatch(/<style|\sstyle=|\son\w+=|https?:|src="\/\//);
  });

  it('bring the licences of what is in them', () => {
    const licences = readFileSync(join(directory, 'licenses.md'), 'utf8');
    for (const name of ['react', 'react-dom', '@apollo/client', 'rxjs', 'wouter', 'graphql'])
      expect(licences).toContain(name);
  });
});
