import type { MarkdownRenderer } from 'vitepress';

/** Code in a line stays as it is written: two braces there are no template of the site's. */
export function verbatimCode({ renderer, utils }: MarkdownRenderer): void {
  renderer.rules['code_inline'] = (tokens, index) =>
    `<code v-pre>${utils.escapeHtml(tokens[index]?.content ?? '')}</code>`;
}
