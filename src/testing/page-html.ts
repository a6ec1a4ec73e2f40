import { type DefaultTreeAdapterTypes, defaultTreeAdapter, parse } from 'parse5';

export type Element = DefaultTreeAdapterTypes.Element;
type Node = DefaultTreeAdapterTypes.Node;

/** The elements of an HTML text, read as a browser reads it. */
export function elementsOf(html: string): Element[] {
  return below(parse(html));
}

/** Every element in a node, in the document's order. */
export function below(node: Node): Element[] {
  const children = 'childNodes' in node ? node.childNodes : [];
  return children.flatMap((child) =>
    defaultTreeAdapter.isElementNode(child) ? [child, ...below(child)] : [],
  );
}

export function attribute(element: Element, name: string): string | undefined {
  return element.attrs.find((one) => one.name === name)?.value;
}

/** What a reader sees, with single spaces. */
export function textOf(node: Node): string {
  return words(node).replaceAll(/\s+/g, ' ').trim();
}

function words(node: Node): string {
  if (defaultTreeAdapter.isTextNode(node)) return node.value;
  if (!('childNodes' in node) || node.nodeName === 'script' || node.nodeName === 'style') return '';
  const text = node.childNodes.map(words).join('');
  return inline.has(node.nodeName) ? text : ` ${text} `;
}

const inline: ReadonlySet<string> = new Set(['a', 'b', 'bdi', 'code', 'em', 'small', 'span']);
