import { describe, expect, it } from 'vitest';
import { type Locale, localeTags } from '../../../../domain/emails/locales.ts';
import { messages } from './messages.ts';
import { pluralIn } from './plural.ts';

type Text = readonly [path: string, text: string];

/** Stands for what a text is given; a number, since some of it is counted. */
const given = 4711;

/** Every text by its path; one that takes something is given a sample. */
function textsOf(value: unknown, path = ''): Text[] {
  if (typeof value === 'string') return [[path, value]];
  if (typeof value === 'function') return [[`${path}()`, String(value(given))]];
  return Object.entries(value ?? {}).flatMap(([key, inner]) =>
    textsOf(inner, path === '' ? key : `${path}.${key}`),
  );
}

/** The texts that break a rule. */
function breaking(locale: Locale, isFault: (text: string, path: string) => boolean): Text[] {
  return textsOf(messages[locale]).filter(([path, text]) => isFault(text, path));
}

const others = localeTags.filter((locale) => locale !== 'en');

/** What is the same in English, each looked at. */
const same: Readonly<Record<string, readonly string[]>> = {
  de: ['problem', 'comma', 'colon', 'name', 'code', 'passkeys.title'],
  fr: ['comma', 'code'],
  es: ['comma', 'colon'],
  ja: ['colon'],
  ar: ['colon'],
};

/** What a language does not write, but another does or a keyboard suggests. */
const foreign: Readonly<Record<Locale, RegExp>> = {
  en: /[„«»「」]/,
  de: /[”«»「」]/,
  // A no-break space stands before high punctuation and inside the quotation marks.
  fr: /[„“”「」]|[^\u00a0][:?!;»]|«(?!\u00a0)/,
  es: /[„“”「」]|« | »|^[^¿]*\?|^[^¡]*!/,
  ja: /[„“”«»]|[,?!]|\.$/,
  ar: /[„“”「」]|[,?;]|« | »/,
};

describe('the texts of the pages', () => {
  it('are more than two hundred', () => {
    expect(textsOf(messages.en).length).toBeGreaterThan(200);
  });

  it.each(others)('in %s: every text that English has, and no other', (locale) => {
    const paths = (of: Locale) => textsOf(messages[of]).map(([path]) => path);
    expect(paths(locale).sort()).toEqual(paths('en').sort());
  });

  it.each(others)('in %s: none is English, but for what was looked at', (locale) => {
    const english = new Map(textsOf(messages.en));
    const found = breaking(locale, (text, path) => english.get(path) === text);
    expect(found.map(([path]) => path)).toEqual(same[locale] ?? []);
  });

  it.each(localeTags)('in %s: none is empty or has space around it', (locale) => {
    const isFault = (text: string, path: string) =>
      text === '' || (!/^(comma|colon)$/.test(path) && text !== text.trim());
    expect(breaking(locale, isFault)).toEqual([]);
  });

  it.each(localeTags)('in %s: all that a text is given stands in it', (locale) => {
    const isWithout = (text: string, path: string) =>
      path.endsWith('()') && !text.includes(String(given));
    expect(breaking(locale, isWithout)).toEqual([]);
  });

  it.each(localeTags)('in %s: no markup', (locale) => {
    expect(breaking(locale, (text) => /[<>&]|\{\{/.test(text))).toEqual([]);
  });

  it.each(localeTags)('in %s: nothing unseen, but isolates that end', (locale) => {
    const isFault = (text: string) =>
      /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text.replace(/\u2068([^\u2068\u2069]+)\u2069/g, '$1'));
    expect(breaking(locale, isFault)).toEqual([]);
  });

  it.each(localeTags)('in %s: its own quotation marks and spaces', (locale) => {
    const isFault = (text: string) => foreign[locale].test(text) || /['"`´]|\.\.\.| {2}/.test(text);
    expect(breaking(locale, isFault)).toEqual([]);
  });

  it.each(localeTags)('in %s: a link that is quoted has the words of the link', (locale) => {
    const { signIn, forgot } = messages[locale];
    expect(signIn.done['change-undone']).toContain(signIn.forgot);
    expect(forgot.title).toBe(signIn.forgot);
  });
});

describe('in Arabic', () => {
  const { codePage, onward, security, retryIn, passwordRule } = messages.ar;

  it.each([
    ['an address', codePage.sent('a…@example.com'), 'a…@example.com'],
    ['a host', onward.action('app.example.com'), 'app.example.com'],
  ])('%s stands apart from the sentence’s direction', (_, text, part) => {
    expect(text).toContain(`\u2068${part}\u2069`);
  });

  it('counted things have their six forms', () => {
    expect([0, 1, 2, 3, 10, 11, 99, 100, 103].map(security.codesLeft)).toEqual([
      'لم يبقَ أي رمز',
      'بقي رمز واحد',
      'بقي رمزان',
      'بقيت 3 رموز',
      'بقيت 10 رموز',
      'بقي 11 رمزًا',
      'بقي 99 رمزًا',
      'بقي 100 رمز',
      'بقيت 103 رموز',
    ]);
    expect([1, 2, 5, 15].map((minutes) => retryIn(minutes).split(' بعد ')[1])).toEqual([
      'دقيقة.',
      'دقيقتين.',
      '5 دقائق.',
      '15 دقيقة.',
    ]);
    expect([8, 15].map((least) => passwordRule(least).split(' على ')[0])).toEqual([
      '8 أحرف',
      '15 حرفًا',
    ]);
  });
});

it.each([
  ['en', ['1 code left', '0 codes left', '2 codes left']],
  ['de', ['Noch 1 Code übrig', 'Noch 0 Codes übrig', 'Noch 2 Codes übrig']],
  ['fr', ['1 code restant', '0 code restant', '2 codes restants']],
  ['es', ['Queda 1 código', 'Quedan 0 códigos', 'Quedan 2 códigos']],
  ['ja', ['残り1個', '残り0個', '残り2個']],
] as const)('%s counts one, none and two', (locale, texts) => {
  expect([1, 0, 2].map(messages[locale].security.codesLeft)).toEqual(texts);
});

it('a form that is not given is the general one', () => {
  expect(pluralIn('ar')(2, { one: 'one', other: 'other' })).toBe('other');
});
