import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SiteConfig } from 'vitepress';

/**
 * Writes llms.txt, the list of pages for programs that read (llmstxt.org), and llms-full.txt, all
 * of them in one.
 */
export function writeLlms({
  outDir,
  srcDir,
  pages,
}: Pick<SiteConfig, 'outDir' | 'srcDir' | 'pages'>): void {
  const sources = pages
    .filter((path) => !path.startsWith('decisions/'))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(srcDir, path), 'utf8') }));
  const lines = sources.map(({ path, text }) => `- [${titleOf(text)}](${path}): ${firstOf(text)}`);
  const head = '# Latchkey\n\n> A GraphQL authentication server.\n\n## Pages\n\n';
  writeFileSync(join(outDir, 'llms.txt'), `${head}${lines.join('\n')}\n`);
  writeFileSync(join(outDir, 'llms-full.txt'), sources.map(({ text }) => text).join('\n\n'));
  // Each page as it is written, too.
  for (const { path, text } of sources) writeFileSync(join(outDir, path), text);
}

const titleOf = (text: string): string => /^# (.*)$/m.exec(text)?.[1] ?? '';

/** The first sentence of the first paragraph. */
function firstOf(text: string): string {
  const paragraph = text.split('\n\n').find((part) => /^[A-Z`[]/.test(part)) ?? '';
  const plain = paragraph.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll('\n', ' ');
  return /^.*?[.:](?= |$)/.exec(plain)?.[0] ?? plain;
}
