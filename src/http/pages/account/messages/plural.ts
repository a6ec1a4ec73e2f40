import type { Locale } from '../../../../domain/emails/locales.ts';

type Forms = Partial<Record<Intl.LDMLPluralRule, string>> & { readonly other: string };

/** Chooses a text by a language's plural rules (CLDR); `other` where a form is not given. */
export function pluralIn(locale: Locale): (count: number, forms: Forms) => string {
  const rules = new Intl.PluralRules(locale);
  return (count, forms) => forms[rules.select(count)] ?? forms.other;
}
