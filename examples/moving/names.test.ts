import { readdirSync, readFileSync } from 'node:fs';
import { createAuthClient } from '@latchkey/client';
import { createIdentities } from '@latchkey/client/identities';
import { createPasskeys } from '@latchkey/client/passkeys';
import * as react from '@latchkey/client/react';
import * as verify from '@latchkey/verify';
import { describe, expect, it } from 'vitest';

const folder = 'docs/tutorials';
const pages = readdirSync(folder).filter((page) => page.startsWith('moving-from-'));

const auth = createAuthClient({ url: 'http://localhost:4000/graphql' });
/** What the pages call by the name of the object that has it. */
const objects: Readonly<Record<string, object>> = {
  auth,
  identities: createIdentities(auth),
  passkeys: createPasskeys(auth),
  verifier: verify.createVerifier({ issuer: 'http://localhost:4000' }),
};
const exported = new Set([...Object.keys(verify), ...Object.keys(react), 'createAuthClient']);
const schema = readFileSync('schema.graphql', 'utf8');
const builtIn = readFileSync('docs/pages.md', 'utf8');

/** The code of the column "Here" of a page's last table. */
function codeOf(page: string): string[] {
  const [, section = ''] = readFileSync(`${folder}/${page}`, 'utf8').split('\n## 6. ');
  const cells = [...section.matchAll(/^\| .* \| (.*) \|$/gm)].map(([, cell = '']) => cell);
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code));
}

/** `auth.jwt()` is a function of Supabase's own, in policies that stay. */
const isOfPolicy = (code: string) => code.startsWith('auth.jwt()');

describe.each(pages)('%s', (page) => {
  const codes = codeOf(page).filter((code) => !isOfPolicy(code));

  it('has a table of what is there and here', () => {
    expect(codes.length).toBeGreaterThan(5);
  });

  it('calls only methods that there are', () => {
    const calls = codes.flatMap((code) => [...code.matchAll(/\b(\w+)\.(\w+)\b/g)]);
    for (const [call, object = '', method = ''] of calls) {
      if (!(object in objects)) continue;
      expect([call, method in (objects[object] ?? {})]).toEqual([call, true]);
    }
  });

  it('names only mutations, fields and functions that there are', () => {
    const names = codes.flatMap((code) => /^(?:[a-z]+[A-Z]\w*|use[A-Z]\w*\(\))$/.exec(code) ?? []);
    for (const name of names.map((each) => each.replace('()', ''))) {
      const isKnown = exported.has(name) || new RegExp(`\\b${name}\\b`).test(schema);
      expect([name, isKnown]).toEqual([name, true]);
    }
    const calls = codes.flatMap((code) => [...code.matchAll(/(?<![.\w])(\w+[A-Z]\w*)\(/g)]);
    for (const [, name = ''] of calls) expect([name, exported.has(name)]).toEqual([name, true]);
  });

  it('leads to pages that there are', () => {
    const paths = codes.flatMap((code) => /^\/account\/[\w-]+/.exec(code) ?? []);
    for (const path of paths) expect(builtIn).toContain(`\`${path}`);
  });
});
