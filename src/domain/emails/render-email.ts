import { shortenAddress } from '../origins/shorten-address.ts';
import { type EmailContent, emailContent } from './email-content.ts';
import { inertText } from './inert-text.ts';
import { assertOurLink } from './links.ts';
import { engines, loadLayout, loadTemplate } from './load-template.ts';
import { type Locale, locales, nearestLocale } from './locales.ts';

export type RenderOptions = {
  /** A BCP 47 tag, or null; the nearest supported language is used. */
  readonly locale: string | null;
  readonly appUrl: string;
  /** PRODUCT_NAME. */
  readonly productName: string;
  /** The operator's own templates (MAIL_TEMPLATES_DIR); null: only ours. */
  readonly templatesDirectory: string | null;
};

export type RenderedEmail = {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
};

type Variables = { readonly [name: string]: string };

type RenderedBlock =
  | { readonly kind: 'text'; readonly lines: readonly string[] }
  | { readonly kind: 'code'; readonly code: string }
  | { readonly kind: 'link'; readonly label: string; readonly href: string };

/**
 * Subject, text part and HTML part of a mail. Rejects where the content does not fit its template
 * or a link does not lead to APP_URL.
 */
export async function renderEmail(
  content: EmailContent,
  options: RenderOptions,
): Promise<RenderedEmail> {
  const locale = nearestLocale(options.locale);
  const { appUrl, productName } = options;
  const variables = variablesOf(content, { locale, appUrl, productName });
  const { subject, blocks } = await loadTemplate(
    { template: content.template, locale },
    options.templatesDirectory,
  );
  const { text: textEngine, html: htmlEngine } = await engines();

  const rendered = blocks.flatMap((block): RenderedBlock[] => {
    if (block.kind === 'code' && 'code' in content && content.code === null) return [];
    if (block.kind === 'code') return [{ kind: 'code', code: required(variables, 'code') }];
    if (block.kind === 'link')
      return [{ kind: 'link', label: block.label, href: required(variables, block.variable) }];
    const words: string = textEngine.renderSync(block.words, variables);
    // A paragraph is dropped when its variable is empty.
    const lines = words.split('\n').flatMap((line) => line.trim() || []);
    return lines.length === 0 ? [] : [{ kind: 'text', lines }];
  });

  // SECURITY: the text is assembled as plain text first and escaped once, by the layout's engine
  // (EM-3, ADV-20).
  const html: string = htmlEngine.renderSync(await loadLayout(options.templatesDirectory), {
    product: productName,
    subject,
    language: locale,
    direction: locales[locale].direction,
    blocks: rendered,
  });
  const paragraphs = [...rendered.map((block) => asText(block, locale)), `-- \n${productName}`];
  return {
    subject,
    text: `${paragraphs.join('\n\n')}\n`,
    html,
  };
}

function asText(block: RenderedBlock, locale: Locale): string {
  if (block.kind === 'code') return block.code;
  const colon = locale === 'fr' ? '\u00a0:' : ':';
  return block.kind === 'link' ? `${block.label}${colon}\n${block.href}` : block.lines.join('\n');
}

/**
 * The variables of the template, each made harmless according to its name: `at`, `code`, `…link`,
 * `ipAddress`; every other value is untrusted text.
 */
function variablesOf(
  content: EmailContent,
  options: { locale: Locale; appUrl: string; productName: string },
): Variables {
  const variables: Record<string, string> = {};
  // SECURITY: no inertText, which would drop a name such as Example.com: the operator chose it.
  const product = isolated(options.productName, options.locale);
  if (product !== null) variables['product'] = product;
  for (const [key, value] of Object.entries(emailContent.parse(content))) {
    if (key === 'template' || value === null || value === undefined) continue;
    const shown = show(key, value, options);
    if (shown !== null) variables[key] = shown;
  }
  return variables;
}

function show(
  key: string,
  value: string,
  { locale, appUrl }: { locale: Locale; appUrl: string },
): string | null {
  if (key === 'code') return value;
  if (key === 'at') return isolated(formatTime(value, locale), locale);
  if (key === 'ipAddress') return isolated(shortenAddress(value), locale);
  if (/link$/i.test(key)) {
    assertOurLink({ appUrl }, value);
    return value;
  }
  return isolated(inertText(key === 'device' ? deviceIn(locale, value) : value), locale);
}

/** `Firefox on Linux`, with "on" translated. */
function deviceIn(locale: Locale, device: string): string {
  return locale === 'en' ? device : device.replace(/ on (.+)$/, ' ($1)');
}

/**
 * Wraps the value in FIRST STRONG ISOLATE and POP DIRECTIONAL ISOLATE (Unicode UAX 9) where its
 * writing direction may differ from the mail's, so that it does not reorder the text around it.
 */
function isolated(value: string | null, locale: Locale): string | null {
  const mayDiffer =
    locales[locale].direction === 'rtl' ||
    /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u.test(
      value ?? '',
    );
  return value !== null && mayDiffer ? `\u2068${value}\u2069` : value;
}

function formatTime(at: string, locale: Locale): string {
  const format = new Intl.DateTimeFormat(locale, {
    dateStyle: 'long',
    timeStyle: 'short',
    hourCycle: 'h23',
    timeZone: 'UTC',
  });
  return `${format.format(new Date(at))} UTC`;
}

function required(variables: Variables, name: string): string {
  const value = variables[name];
  if (value === undefined)
    throw new Error(`The template asks for "${name}", which this mail does not have.`);
  return value;
}
