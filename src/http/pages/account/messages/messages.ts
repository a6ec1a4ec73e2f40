import type { Locale } from '../../../../domain/emails/locales.ts';
import { ar } from './ar.ts';
import { de } from './de.ts';
import { en } from './en.ts';
import { es } from './es.ts';
import { fr } from './fr.ts';
import { ja } from './ja.ts';

/** All that pages say; English is the measure, and a text that a language lacks is a type error. */
export type Messages = typeof en;

export const messages: Readonly<Record<Locale, Messages>> = { en, de, fr, es, ja, ar };
