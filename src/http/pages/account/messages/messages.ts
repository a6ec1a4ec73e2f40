import type { Locale } from '../../../../domain/emails/locales.ts';
import { ar } from './ar.ts';
import { de } from './de.ts';
import { en, type Messages } from './en.ts';
import { es } from './es.ts';
import { fr } from './fr.ts';
import { ja } from './ja.ts';

export type { Messages } from './en.ts';

export const messages: Readonly<Record<Locale, Messages>> = { en, de, fr, es, ja, ar };
