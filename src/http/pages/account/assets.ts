import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { brotliCompress } from 'node:zlib';
import type { FastifyInstance } from 'fastify';
import type { Config } from '../../../config/read-config.ts';
import { html, Markup } from '../markup.ts';
import { passkeyScript } from './passkey-script.ts';
import { pageScript } from './script.ts';
import { styleSheet } from './style.ts';

const compress = promisify(brotliCompress);

type Settings = Pick<Config, 'pagesTheme'>;

export type Assets = {
  readonly style: string;
  readonly script: string;
  /** On pages with a passkey's ceremony alone. */
  readonly passkeyScript: string;
  readonly icon: string;
  /** What stands before the product's name. */
  readonly logo: Markup;
};

type File = { readonly path: string; readonly type: string; readonly bytes: Uint8Array };

/** A year: a path names one text for ever, since it holds the text's hash. */
const forEver = 'public, max-age=31536000, immutable';

type Files = {
  readonly style: File;
  readonly script: File;
  readonly passkeyScript: File;
  readonly icon: File;
};

/** The icon of every page: the theme's logo, or a latchkey. */
export function iconFile({ pagesTheme: theme }: Settings): Omit<File, 'path'> {
  return theme.logo ?? { type: svg, bytes: Buffer.from(iconOf(theme.light.accent)) };
}

function filesOf({ pagesTheme: theme }: Settings): Files {
  const { type, bytes } = iconFile({ pagesTheme: theme });
  return {
    style: file('css', 'text/css; charset=utf-8', Buffer.from(styleSheet(theme))),
    script: file('js', javascript, Buffer.from(pageScript)),
    passkeyScript: file('js', javascript, Buffer.from(passkeyScript)),
    icon: file(type === svg ? 'svg' : 'png', type, bytes),
  };
}

const svg = 'image/svg+xml';
const javascript = 'text/javascript; charset=utf-8';

function file(extension: string, type: string, bytes: Uint8Array): File {
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 12);
  return { path: `/account/assets/${hash}.${extension}`, type, bytes };
}

const made = new WeakMap<object, Assets>();

/** The addresses of the files that every page has, and the mark before the product's name. */
export function assetsOf(config: Settings): Assets {
  const known = made.get(config);
  if (known) return known;
  const { style, script, passkeyScript, icon } = filesOf(config);
  const { logo } = config.pagesTheme;
  const assets = {
    style: style.path,
    script: script.path,
    passkeyScript: passkeyScript.path,
    icon: icon.path,
    // SECURITY: an operator's SVG is shown as a picture, in which no script runs.
    logo: logo === null ? mark : html`<img src="${icon.path}" alt="">`,
  };
  made.set(config, assets);
  return assets;
}

/** Serves the style sheet, the scripts and the icon. */
export function pageAssets(fastify: FastifyInstance, config: Settings): void {
  for (const { path, type, bytes } of Object.values(filesOf(config))) {
    // With the first request, since a server starts more often than it needs them.
    let compressed: Promise<Uint8Array> | undefined;
    fastify.get(path, async (request, reply) => {
      const takesBrotli = /\bbr\b/.test(String(request.headers['accept-encoding'] ?? ''));
      // The answer's own policy, as on every answer, lets an SVG that is opened by itself run
      // nothing.
      reply.type(type).headers({ 'cache-control': forEver, vary: 'accept-encoding' });
      if (!takesBrotli) return reply.send(bytes);
      compressed ??= compress(bytes);
      const small = await compressed;
      return small.length < bytes.length
        ? reply.header('content-encoding', 'br').send(small)
        : reply.send(bytes);
    });
  }
}

const strokes = 'stroke-width="2.4" stroke-linecap="round"';
const shape = `viewBox="0 0 24 24" fill="none" ${strokes}`;
const key = '<circle cx="7" cy="12" r="4"/><path d="M11 12h11m-4 0v4m4-4v3"/>';

/** A latchkey, in the colour of the accent. */
const mark = new Markup(
  `<svg class="mark" ${shape} stroke="currentColor" aria-hidden="true">${key}</svg>`,
);

function iconOf(colour: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" ${shape} stroke="${colour}">${key}</svg>`;
}
