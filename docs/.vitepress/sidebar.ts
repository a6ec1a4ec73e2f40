import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { DefaultTheme } from 'vitepress';

const docs = new URL('..', import.meta.url);

/** The page with the title that stands in it; none where it has not been written. */
function page(path: string): DefaultTheme.SidebarItem[] {
  const file = new URL(`${path}.md`, docs);
  if (!existsSync(file)) return [];
  const [, title = path] = /^# (.*)$/m.exec(readFileSync(file, 'utf8')) ?? [];
  return [{ text: title, link: `/${path.replace(/README$/, '')}` }];
}

/** Every page of a folder, `first` ones first. */
function folder(name: string, first: readonly string[] = []): DefaultTheme.SidebarItem[] {
  const names = existsSync(new URL(name, docs)) ? readdirSync(new URL(name, docs)) : [];
  const pages = names.filter((file) => file.endsWith('.md')).map((file) => file.slice(0, -3));
  const rest = pages.filter((file) => !first.includes(file)).sort();
  return [...first, ...rest].flatMap((file) => page(`${name}/${file}`));
}

const part = (text: string, items: DefaultTheme.SidebarItem[], collapsed = false) => ({
  text,
  items,
  collapsed,
});

export const sidebar: DefaultTheme.SidebarItem[] = [
  part('Begin', page('README')),
  part('Tutorials', folder('tutorials', ['README', 'react', 'next', 'federated-graph'])),
  part('What people see', ['pages', 'passkeys', 'console'].flatMap(page)),
  part('Connect', folder('integrations', ['README', 'client', 'apollo-client', 'urql', 'servers'])),
  part('Bring users', page('migrating')),
  part(
    'Run it',
    ['deployment', 'operations', 'administration', 'runbooks', 'security'].flatMap(page),
  ),
  part('API reference', folder('reference', ['README']), true),
  part('Inside', [...page('architecture'), part('Decisions', folder('decisions'), true)]),
];
