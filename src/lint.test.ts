import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const biome = createRequire(import.meta.url).resolve('@biomejs/biome/bin/biome');

const refusals: readonly (readonly [what: string, code: string])[] = [
  ['Math.random', 'export const x = Math.random();'],
  ['Math.random by computed access', "export const x = Math['random']();"],
  ['Math.random by destructuring', 'const { random } = Math;\nexport const x = random();'],
  [
    'synchronous bcrypt',
    "import { hashSync } from '@node-rs/bcrypt';\nexport const x = hashSync('');",
  ],
  [
    'synchronous bcrypt under an alias',
    "import { verifySync as v } from '@node-rs/bcrypt';\nexport const x = v('', '');",
  ],
  [
    'synchronous bcrypt through a namespace import',
    "import * as b from '@node-rs/bcrypt';\nexport const x = b.compareSync('', '');",
  ],
  ['sql.raw', "import { sql } from 'drizzle-orm';\nexport const x = sql.raw('');"],
  ['sql.unsafe', "import postgres from 'postgres';\nexport const x = postgres('').unsafe('');"],
  ['eval', "export const x = eval('');"],
  ['Function', "export const x = new Function('');"],
  ['console.log', "console.log('');"],
  ['console.error', "console.error('');"],
  ['process.env', 'export const x = process.env;'],
  ['process.env by computed access', "export const x = process.env['PORT'];"],
  ['any', 'export const x = (y: any) => y;'],
  ['a non-null assertion', 'export const x = (y: string | null) => y!;'],
];

/** Files in which the same code is allowed. */
const exceptions: readonly (readonly [file: string, code: string])[] = [
  ['src/config/read-config.ts', 'export const x = process.env;\n'],
  ['src/main.ts', "console.log('');\n"],
];

describe('the linter', () => {
  // The test copies the project's own configuration and layout: a broken plugin reports nothing and
  // would go unnoticed.
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-lint-'));
  const reported = new Map<string, string[]>();
  const fileOf = (index: number): string => `src/domain/sample-${index}.ts`;

  beforeAll(() => {
    cpSync('biome.json', join(folder, 'biome.json'));
    cpSync('lint', join(folder, 'lint'), { recursive: true });
    const samples = refusals.map(([, code], index) => [fileOf(index), `${code}\n`] as const);
    for (const [file, code] of [...samples, ...exceptions]) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), code);
    }
    const { stdout } = spawnSync(
      process.execPath,
      [biome, 'lint', '--vcs-enabled=false', '--max-diagnostics=200', '--reporter=json', 'src'],
      { cwd: folder, encoding: 'utf8' },
    );
    const report: {
      diagnostics: { category: string; severity: string; location: { path: string } }[];
    } = JSON.parse(stdout);
    for (const { category, severity, location } of report.diagnostics) {
      if (severity !== 'error') continue;
      reported.set(location.path, [...(reported.get(location.path) ?? []), category]);
    }
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(refusals.map(([what], index) => [what, index] as const))(
    'SC-7 refuses %s',
    (_, index) => {
      expect(reported.get(fileOf(index)) ?? []).not.toEqual([]);
    },
  );

  it('SC-7 allows process.env in the configuration, and console in the entry point', () => {
    for (const [file] of exceptions) expect(reported.get(file)).toBeUndefined();
  });
});
