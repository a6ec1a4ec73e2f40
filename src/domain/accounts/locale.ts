/** Locales that mail templates exist for; the first is the default. */
export const locales = ['en'] as const;
export type Locale = (typeof locales)[number];

/** The best of our locales for an Accept-Language header (RFC 9110 12.5.4); null where it names none. */
export function preferredLocale(acceptLanguage: string | null): Locale | null {
  if (acceptLanguage === null) return null;
  const ranges = acceptLanguage
    .slice(0, 256)
    .split(',')
    .map((part) => {
      const [tag = '', ...parameters] = part.trim().toLowerCase().split(';');
      const quality = parameters
        .map((parameter) => /^\s*q=([\d.]+)/.exec(parameter)?.[1])
        .find((value) => value !== undefined);
      return { language: tag.split('-')[0] ?? '', quality: quality === undefined ? 1 : Number(quality) };
    })
    .filter((range) => range.quality > 0)
    .sort((a, b) => b.quality - a.quality);
  for (const range of ranges) {
    const match = locales.find((locale) => locale === range.language);
    if (match) return match;
  }
  return null;
}
