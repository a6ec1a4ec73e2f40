import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSchema, parse, validate } from 'graphql';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { apiReference } from '../scripts/api-reference.mjs';

const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8' });
const pages = git('ls-files', '*.md').trim().split('\n');
/** As GitHub makes them, and the site too. */
const anchorsOf = (text: string) =>
  [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  );
/** The links of a page that lead into the repository, with path and anchor. */
const linksOf = (text: string) =>
  [...text.matchAll(/\]\((?![a-z]+:)([^)\s]+)\)/g)].map(([, link = '']) => {
    const [path = '', anchor] = link.split('#');
    return { link, path, anchor };
  });

describe('the documents', () => {
  it.each(pages)('%s has no dead links', (page) => {
    for (const { link, path, anchor } of linksOf(readFileSync(page, 'utf8'))) {
      const target = path === '' ? page : posix.join(posix.dirname(page), path);
      // The site's, made of the schema.
      if (target.startsWith('docs/reference/')) continue;
      expect([link, existsSync(target)]).toEqual([link, true]);
      if (anchor !== undefined && target.endsWith('.md'))
        expect(anchorsOf(readFileSync(target, 'utf8'))).toContain(anchor);
    }
  });

  it('are all in the index, but decisions and what a folder has an index for', () => {
    const index = linksOf(readFileSync('docs/README.md', 'utf8')).map(({ path }) => path);
    const known = pages.flatMap((page) => {
      const [, name = ''] = /^docs\/([^/]+\.md|[^/]+\/README\.md)$/.exec(page) ?? [];
      return name === '' || name === 'README.md' ? [] : [name];
    });
    expect(known.length).toBeGreaterThan(10);
    expect(index).toEqual(expect.arrayContaining(known));
  });
});

describe('the API reference', () => {
  const sdl = readFileSync('schema.graphql', 'utf8');
  const made = new Map(apiReference(sdl));

  it('has every query, mutation and type of the schema', () => {
    const schema = buildSchema(sdl);
    const roots = [schema.getQueryType(), schema.getMutationType()];
    const types = Object.values(schema.getTypeMap()).filter(
      (type) => !type.name.startsWith('__') && !roots.includes(type as never),
    );
    const fields = roots.flatMap((type) => Object.keys(type?.getFields() ?? {}));
    const headings = [...made.values()].flatMap((text) =>
      [...text.matchAll(/^## (\w+)$/gm)].map(([, name]) => name),
    );
    expect(headings).toEqual(expect.arrayContaining([...fields, ...types.map(({ name }) => name)]));
  });

  it('has no dead links', () => {
    for (const [name, text] of made)
      for (const { link, path, anchor } of linksOf(text)) {
        if (path.startsWith('../')) continue;
        expect([name, link, anchorsOf(made.get(path) ?? '')]).toEqual([
          name,
          link,
          expect.arrayContaining([anchor]),
        ]);
      }
  });

  it('shows a document for every operation that the server would run', () => {
    const schema = buildSchema(sdl);
    const documents = [...made.values()].flatMap((text) =>
      [...text.matchAll(/^```graphql\n(.*?)^```$/gms)].map(([, document = '']) => document),
    );
    const roots = [schema.getQueryType(), schema.getMutationType()];
    const fields = roots.flatMap((type) => Object.keys(type?.getFields() ?? {}));
    expect(documents).toHaveLength(fields.length);
    for (const document of documents) expect(validate(schema, parse(document))).toEqual([]);
  });

  it('makes no markup of words in descriptions', () => {
    const [, , mutations] = apiReference(`
      type Query { me: ID }
      type Mutation { "Takes <script>, {{ this }}." login("a | b" code: ID = "x"): ID }
    `);
    expect(mutations?.[1]).toContain('Takes &lt;script>, &#123;&#123; this }}.');
    expect(mutations?.[1]).toContain(
      '| `code` | [ID](scalars.md#id) | a \\| b `"x"` unless given. |',
    );
  });
});

describe('the code in documents', () => {
  const script = fileURLToPath(new URL('../scripts/snippets.mjs', import.meta.url));
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-snippets-'));
    git('init', '-q', folder);
    writeFileSync(
      join(folder, 'app.ts'),
      'const a = 1;\n  // #region part\n  run(a);\n    run(2);\n  // #endregion part\n',
    );
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function run(page: string, ...args: string[]) {
    writeFileSync(join(folder, 'page.md'), page);
    const { status, stderr } = spawnSync(process.execPath, [script, ...args], {
      cwd: folder,
      encoding: 'utf8',
    });
    return { status, stderr, page: readFileSync(join(folder, 'page.md'), 'utf8') };
  }
  const block = (code: string, from = 'app.ts#part') =>
    `Text.\n\n<!-- from: ${from} -->\n\n\`\`\`ts\n${code}\`\`\`\n`;

  it('is written from a region of its file, and refused where it differs', () => {
    expect(run(block('old();\n'), '--check')).toEqual({
      status: 1,
      stderr: 'page.md shows code that differs from its files: run npm run fix.\n',
      page: block('old();\n'),
    });
    expect(run(block('old();\n')).page).toBe(block('run(a);\n  run(2);\n'));
    expect(run(block('run(a);\n  run(2);\n'), '--check').status).toBe(0);
  });

  it.each(['app.ts#other', 'gone.ts'])('is refused where there is no %s', (from) => {
    expect(run(block('', from), '--check').status).toBe(1);
  });
});
