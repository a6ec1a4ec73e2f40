import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ownTheme } from '../../config/pages-theme.ts';
import { styleSheet } from './account/style.ts';
import { toolsSheet } from './tools-style.ts';

const coloursIn = (text: string): string[] =>
  [...text.matchAll(/#[0-9a-f]{3,8}\b|\b(?:rgb|hsl|oklch)a?\([^)]*\)/gi)].map(([found]) => found);
const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');

const { light, dark } = ownTheme;
const consoleSheet = read('../../../apps/console/src/style.css');
const mail = read('../../domain/emails/templates/layout.html.liquid');

describe('one design', () => {
  it('mails have the colours of the pages, light and dark, and their corners', () => {
    const [inDark = ''] = /@media[\s\S]*?<\/style>/.exec(mail) ?? [];
    const inLight = mail.replace(inDark, '');
    expect(coloursIn(inDark).filter((one) => !Object.values(dark).includes(one))).toEqual([]);
    expect(coloursIn(inLight).filter((one) => !Object.values(light).includes(one))).toEqual([]);
    expect([...new Set(mail.match(/border-radius: \d+px/g))].sort()).toEqual([
      `border-radius: ${ownTheme.radius * 1.5}px`,
      `border-radius: ${ownTheme.radius}px`,
    ]);
  });

  it('no page has a colour but those of the theme', () => {
    const theme = { ...ownTheme, light: { ...light, accent: '#000001' } };
    const known = [...Object.values(theme.light), ...Object.values(dark)];
    // A QR code is dark on light whatever the scheme.
    const others = coloursIn(styleSheet(theme)).filter((one) => !known.includes(one));
    expect(others).toEqual(['#fff']);
    expect(coloursIn(toolsSheet)).toEqual([]);
    expect(coloursIn(read('graphiql/page/style.css'))).toEqual([]);
    expect(coloursIn(consoleSheet)).toEqual([]);
  });

  it('nothing moves for who asks for no motion', () => {
    const allowed = /@media ?\(prefers-reduced-motion: ?no-preference\) ?\{.*?\}\s*\}/gs;
    const graphiqlSheet = read('graphiql/page/style.css');
    for (const sheet of [styleSheet(ownTheme), toolsSheet, graphiqlSheet, consoleSheet])
      expect(sheet.replaceAll(allowed, '')).not.toMatch(/transition|animation|scroll-behavior/);
  });

  it('the sheet of every page is under 6 kB', () => {
    expect(styleSheet(ownTheme).length).toBeLessThan(6000);
  });
});
