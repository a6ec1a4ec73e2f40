import { defineConfig } from 'vitepress';
import { leadOutside } from './lead-outside.ts';
import { sidebar } from './sidebar.ts';
import { verbatimCode } from './verbatim-code.ts';
import { writeLlms } from './write-llms.ts';

export default defineConfig({
  title: 'Latchkey',
  description: 'A GraphQL authentication server: TypeScript, Apollo Server, Drizzle, PostgreSQL.',
  cleanUrls: true,
  ignoreDeadLinks: 'localhostLinks',
  rewrites: { 'README.md': 'index.md', ':folder/README.md': ':folder/index.md' },
  markdown: {
    config: (markdown) => markdown.use(leadOutside).use(verbatimCode),
    // As GitHub does, so that a link to a heading holds in both places.
    anchor: {
      slugify: (heading) =>
        heading
          .toLowerCase()
          .replace(/[^\p{L}\p{N}_ -]/gu, '')
          .replaceAll(' ', '-'),
    },
    languageAlias: { caddy: 'nginx' },
  },
  head: [['link', { rel: 'icon', href: '/logo.svg' }]],
  themeConfig: {
    logo: '/logo.svg',
    nav: [
      { text: 'Tutorials', link: '/tutorials/' },
      { text: 'Integrations', link: '/integrations/' },
      { text: 'API', link: '/reference/' },
    ],
    sidebar,
    outline: { level: [2, 3] },
    search: { provider: 'local' },
    socialLinks: [{ icon: 'github', link: 'https://github.com/latchkey/latchkey' }],
  },
  buildEnd: ({ outDir, srcDir, pages }) => writeLlms({ outDir, srcDir, pages }),
});
