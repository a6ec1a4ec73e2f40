import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Liquid, Template } from 'liquidjs';
import type { EmailTemplate } from './email-content.ts';
import type { Locale } from './locales.ts';

/** A paragraph of a mail: text, the code on a line of its own, or a link with its label. */
type Block =
  | { readonly kind: 'text'; readonly words: Template[] }
  | { readonly kind: 'code' }
  | { readonly kind: 'link'; readonly label: string; readonly variable: string };

export type ParsedTemplate = { readonly subject: string; readonly blocks: readonly Block[] };

type Engines = { readonly text: Liquid; readonly html: Liquid };

const templatesFolder = new URL('./templates/', import.meta.url);
/** Parsed once per process; the key is the operator's folder and the file's path in it. */
const layouts = new Map<string, Promise<Template[]>>();
const parsed = new Map<string, Promise<ParsedTemplate>>();

/**
 * Loaded with the first mail, so that the start of a server does not wait for the template engine.
 */
export const engines = once(async (): Promise<Engines> => {
  const { Liquid } = await import('liquidjs');
  const sandbox = {
    // A template can reach no file, and nothing but the variables passed to it.
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

export const layoutPath = 'layout.html.liquid';

export function templatePath(input: { template: EmailTemplate; locale: Locale }): string {
  return `${input.locale}/${input.template}.liquid`;
}

/** The frame of the HTML part, the same for all mails; the operator's own where it exists. */
export function loadLayout(directory: string | null): Promise<Template[]> {
  return cached(layouts, `${directory ?? ''}\n${layoutPath}`, async () => {
    const { html } = await engines();
    return html.parse(await readText(layoutPath, directory));
  });
}

/**
 * Reads and parses a mail's file once: the one in the operator's `directory` where it exists, else
 * ours. Rejects where it does not have the form described in docs/decisions/005.
 */
export function loadTemplate(
  input: { template: EmailTemplate; locale: Locale },
  directory: string | null,
): Promise<ParsedTemplate> {
  const path = templatePath(input);
  return cached(parsed, `${directory ?? ''}\n${path}`, () => parseTemplate(path, directory));
}

function cached<T>(
  cache: Map<string, Promise<T>>,
  key: string,
  load: () => Promise<T>,
): Promise<T> {
  const known = cache.get(key);
  if (known) return known;
  const loading = load();
  cache.set(key, loading);
  loading.catch(() => cache.delete(key));
  return loading;
}

async function parseTemplate(path: string, directory: string | null): Promise<ParsedTemplate> {
  const { text } = await engines();
  const [head, ...paragraphs] = (await readText(path, directory)).trim().split(/\n{2,}/);
  const subject = /^subject: (.+)$/.exec(head ?? '')?.[1];
  // SECURITY: a subject is visible on locked screens and in the logs of every mail server, so it is
  // constant and holds no variable (EM-4).
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

async function readText(path: string, directory: string | null): Promise<string> {
  const overriding = directory === null ? null : await readIfThere(join(directory, path));
  return (overriding ?? (await readFile(new URL(path, templatesFolder), 'utf8'))).replace(
    /\r\n/g,
    '\n',
  );
}

async function readIfThere(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

function once<T>(load: () => Promise<T>): () => Promise<T> {
  let loading: Promise<T> | null = null;
  return () => {
    loading ??= load();
    return loading;
  };
}
