import { readFile } from 'node:fs/promises';
import type { Liquid, Template } from 'liquidjs';
import type { EmailTemplate } from './email-content.ts';
import type { Locale } from './locales.ts';

/** A paragraph of a mail: words, the code on a line of its own, or a link with its label. */
type Block =
  | { readonly kind: 'text'; readonly words: Template[] }
  | { readonly kind: 'code' }
  | { readonly kind: 'link'; readonly label: string; readonly variable: string };

export type ParsedTemplate = { readonly subject: string; readonly blocks: readonly Block[] };

type Engines = { readonly text: Liquid; readonly html: Liquid };

const templatesFolder = new URL('./templates/', import.meta.url);
const layout = once(async () => (await engines()).html.parse(await readText('layout.html.liquid')));
const parsed = new Map<string, Promise<ParsedTemplate>>();

/** Loaded at the first mail: a server's start does not wait for the template engine. */
export const engines = once(async (): Promise<Engines> => {
  const { Liquid } = await import('liquidjs');
  const sandbox = {
    // No file is reachable from inside a template, and nothing but the variables that we hand in.
    templates: {},
    dynamicPartials: false,
    ownPropertyOnly: true,
    strictFilters: true,
    strictVariables: true,
    lenientIf: true,
    parseLimit: 100_000,
    renderLimit: 1000,
    memoryLimit: 1_000_000,
  };
  return { text: new Liquid(sandbox), html: new Liquid({ ...sandbox, outputEscape: 'escape' }) };
});

/** The frame of the HTML part, the same for all mails. */
export const loadLayout = layout;

/** Reads and parses a mail's file once. Rejects where the file is missing or not of the form that docs/decisions describes. */
export function loadTemplate(input: { template: EmailTemplate; locale: Locale }): Promise<ParsedTemplate> {
  const path = `${input.locale}/${input.template}.liquid`;
  const known = parsed.get(path);
  if (known) return known;
  const loading = parseTemplate(path);
  parsed.set(path, loading);
  loading.catch(() => parsed.delete(path));
  return loading;
}

async function parseTemplate(path: string): Promise<ParsedTemplate> {
  const { text } = await engines();
  const [head, ...paragraphs] = (await readText(path)).trim().split(/\n{2,}/);
  const subject = /^subject: (.+)$/.exec(head ?? '')?.[1];
  // SECURITY: a subject shows on a locked screen and in every log on the way: a constant, never a variable (EM-4).
  if (subject === undefined || /\{[{%]/.test(subject))
    throw new Error(`${path}: the first line must be "subject: " and constant words.`);
  return { subject, blocks: paragraphs.map((source) => parseBlock(text, source)) };
}

function parseBlock(engine: Liquid, source: string): Block {
  if (/^\{\{ *code *\}\}$/.test(source)) return { kind: 'code' };
  const [, label, variable] = /^\[([^[\]{}]+)\]\(\{\{ *(\w+) *\}\}\)$/.exec(source) ?? [];
  if (label !== undefined && variable !== undefined) return { kind: 'link', label, variable };
  return { kind: 'text', words: engine.parse(source) };
}

async function readText(path: string): Promise<string> {
  return (await readFile(new URL(path, templatesFolder), 'utf8')).replace(/\r\n/g, '\n');
}

function once<T>(load: () => Promise<T>): () => Promise<T> {
  let loading: Promise<T> | null = null;
  return () => {
    loading ??= load();
    return loading;
  };
}
