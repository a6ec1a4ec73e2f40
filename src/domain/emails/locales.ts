/** The languages that templates/ has a folder for; the first is the default. */
export const locales = {
  en: { direction: 'ltr' },
  de: { direction: 'ltr' },
  fr: { direction: 'ltr' },
  es: { direction: 'ltr' },
  ja: { direction: 'ltr' },
  ar: { direction: 'rtl' },
} as const satisfies Record<string, { direction: 'ltr' | 'rtl' }>;

export type Locale = keyof typeof locales;

export const localeTags: readonly Locale[] = Object.keys(locales).filter(
  (tag): tag is Locale => tag in locales,
);

/**
 * The supported language of a BCP 47 tag, found by truncating it from the right (RFC 4647 section
 * 3.4); null where there is none.
 */
export function localeOf(tag: string): Locale | null {
  const subtags = tag.toLowerCase().split(/[-_]/, 8);
  for (let length = subtags.length; length > 0; length -= 1) {
    const candidate = subtags.slice(0, length).join('-');
    const found = localeTags.find((locale) => locale.toLowerCase() === candidate);
    if (found) return found;
  }
  return null;
}

/** Like localeOf, with English as the default. */
export function nearestLocale(tag: string | null): Locale {
  return localeOf(tag ?? '') ?? 'en';
}

/**
 * The best supported language for an Accept-Language header (RFC 9110 12.5.4); null where it names
 * none.
 */
export function preferredLocale(acceptLanguage: string | null): Locale | null {
  const ranges = (acceptLanguage ?? '')
    .slice(0, 256)
    .split(',')
    .map((part) => {
      const [tag = '', ...parameters] = part.split(';').map((piece) => piece.trim().toLowerCase());
      const weight = parameters
        .map((piece) => /^q=([01](?:\.\d{0,3})?)$/.exec(piece)?.[1])
        .find((value) => value !== undefined);
      return { tag, quality: weight === undefined ? 1 : Number(weight) };
    })
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality);
  for (const { tag } of ranges) {
    const found = localeOf(tag);
    if (found) return found;
  }
  return null;
}
