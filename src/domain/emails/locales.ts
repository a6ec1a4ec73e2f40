/** The languages that templates/ has a folder for. */
export const locales = {
  en: { direction: 'ltr' },
} as const satisfies Record<string, { direction: 'ltr' | 'rtl' }>;

export type Locale = keyof typeof locales;

export const localeTags: readonly Locale[] = Object.keys(locales).filter((tag): tag is Locale => tag in locales);

/** The language of ours that is nearest to a BCP 47 tag, by cutting it from the right (RFC 4647 section 3.4); English where there is none. */
export function nearestLocale(tag: string | null): Locale {
  const subtags = (tag ?? '').toLowerCase().split(/[-_]/, 8);
  for (let length = subtags.length; length > 0; length -= 1) {
    const candidate = subtags.slice(0, length).join('-');
    const found = localeTags.find((locale) => locale.toLowerCase() === candidate);
    if (found) return found;
  }
  return 'en';
}
