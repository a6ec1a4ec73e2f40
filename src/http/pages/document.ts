import { html, type Markup } from './markup.ts';

type Document = {
  /** BCP 47. */
  readonly language: string;
  readonly direction: 'ltr' | 'rtl';
  readonly title: string;
  readonly icon: string;
  /** Addresses of style sheets, in their order. */
  readonly styles: readonly string[];
  /** More for the head. */
  readonly head: Markup;
  readonly bodyClass?: string;
  readonly body: Markup;
};

/** A whole HTML document: what every page of ours has around its own parts. */
export function htmlDocument(page: Document): Markup {
  const { language, direction, title, icon, styles, head, bodyClass, body } = page;
  const sheets = styles.map((style) => html`<link rel="stylesheet" href="${style}">\n`);
  return html`<!doctype html>
<html lang="${language}" dir="${direction}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${title}</title>
<link rel="icon" href="${icon}">
${sheets}${head}
</head>
<body${bodyClass === undefined ? '' : html` class="${bodyClass}"`}>
${body}
</body>
</html>
`;
}
