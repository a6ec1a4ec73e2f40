import { type Locale, locales } from '../../../domain/emails/locales.ts';
import type { Messages } from './messages/messages.ts';
import { messages } from './messages/messages.ts';

export type Language = Locale;

/** What each language calls itself. */
export const languageNames: Readonly<Record<Language, string>> = {
  en: 'English',
  de: 'Deutsch',
  fr: 'Français',
  es: 'Español',
  ja: '日本語',
  ar: 'العربية',
};

export function messagesIn(language: Language): Messages {
  return messages[language];
}

export function directionOf(language: Language): 'ltr' | 'rtl' {
  return locales[language].direction;
}
