import { existsSync } from 'node:fs';
import { posix } from 'node:path';
import type { MarkdownRenderer } from 'vitepress';

const repository = 'https://github.com/latchkey/latchkey/blob/main';

/**
 * The pages link to each other and to files of the repository as GitHub follows it. On the site a
 * folder's page is its index, and what is not a page is looked at on GitHub.
 */
export function leadOutside(markdown: MarkdownRenderer): void {
  markdown.core.ruler.push('lead-outside', ({ tokens, env }) => {
    const folder = posix.join('docs', posix.dirname(env.relativePath));
    for (const token of tokens.flatMap(({ children }) => children ?? [])) {
      const href = token.type === 'link_open' ? token.attrGet('href') : null;
      if (href !== null) token.attrSet('href', addressOf(href, folder));
    }
  });
}

function addressOf(href: string, folder: string): string {
  if (/^([a-z]+:|[#/])/.test(href)) return href;
  const [path = '', anchor] = href.split('#');
  const target = posix.join(folder, path);
  const rest = anchor === undefined ? '' : `#${anchor}`;
  if (!target.startsWith('docs/')) return `${repository}/${target}${rest}`;
  if (path.endsWith('.md')) return `${path.replace(/README\.md$/, 'index.md')}${rest}`;
  // A folder that has a page.
  if (existsSync(new URL(`../../${target}/README.md`, import.meta.url)))
    return `${path.replace(/\/?$/, '/')}${rest}`;
  return `${repository}/${target}${rest}`;
}
