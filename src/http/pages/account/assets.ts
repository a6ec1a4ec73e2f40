import { createHash } from 'node:crypto';
import { brotliCompressSync } from 'node:zlib';
import type { FastifyInstance } from 'fastify';
import type { Config } from '../../../config/read-config.ts';
import { html, type Markup } from '../markup.ts';
import { pageScript } from './script.ts';
import { styleSheet } from './style.ts';

type Settings = Pick<Config, 'productName'>;

export type Assets = { readonly style: string; readonly script: string; readonly logo: Markup };

type File = { readonly path: string; readonly type: string; readonly text: string };

/** A year: a path names one text for ever, since it holds the text's hash. */
const forEver = 'public, max-age=31536000, immutable';

function filesOf(_config: Settings): { readonly style: File; readonly script: File } {
  return {
    style: file('css', 'text/css; charset=utf-8', styleSheet()),
    script: file('js', 'text/javascript; charset=utf-8', pageScript),
  };
}

function file(extension: string, type: string, text: string): File {
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 12);
  return { path: `/account/assets/${hash}.${extension}`, type, text };
}

const made = new WeakMap<object, Assets>();

/** The addresses of the style sheet and the script, and the mark before the product's name. */
export function assetsOf(config: Settings): Assets {
  const known = made.get(config);
  if (known) return known;
  const { style, script } = filesOf(config);
  const assets = { style: style.path, script: script.path, logo: mark };
  made.set(config, assets);
  return assets;
}

/** Serves the style sheet and the script. */
export function pageAssets(fastify: FastifyInstance, config: Settings): void {
  for (const { path, type, text } of Object.values(filesOf(config))) {
    const small = brotliCompressSync(text);
    fastify.get(path, (request, reply) => {
      const takesBrotli = /\bbr\b/.test(String(request.headers['accept-encoding'] ?? ''));
      reply.type(type).headers({ 'cache-control': forEver, vary: 'accept-encoding' });
      return takesBrotli ? reply.header('content-encoding', 'br').send(small) : reply.send(text);
    });
  }
}

/** A latchkey. */
const mark = html`<svg class="mark" viewBox="0 0 24 24" fill="none" stroke="currentColor"
 stroke-width="2.4" stroke-linecap="round" aria-hidden="true"><circle cx="7" cy="12" r="4"/><path
 d="M11 12h11m-4 0v4m4-4v3"/></svg>`;
