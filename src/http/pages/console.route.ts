import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { parseCookie } from 'cookie';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '../../config/read-config.ts';
import { refreshCookieName } from '../graphql/refresh-cookie.ts';
import { iconFile } from './account/assets.ts';
import { pageHeaders, pagePolicy } from './account/send-page.ts';
import { colourSheet, smaller } from './account/style.ts';
import { html, type Markup } from './markup.ts';
import type { BuiltPage } from './prepare-page.ts';

type Settings = Pick<
  Config,
  'mode' | 'publicUrl' | 'consoleUrl' | 'pages' | 'pagesTheme' | 'passkeys' | 'productName'
>;

/** As the account pages (PG-1), and calls of the API. */
const policy = `${pagePolicy}; connect-src 'self'`;

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
};

type File = {
  readonly type: string;
  readonly bytes: Uint8Array;
  readonly brotli?: Uint8Array | undefined;
};
type Built = { readonly index: string; readonly files: ReadonlyMap<string, File> };

/** What takes its place is told by the server's configuration. */
const marker = '<title>Console</title>';

/**
 * `GET /console` and what lies below: the administrators' console, a client of the API like any
 * other. SECURITY: its files are for anyone to read, and hold nothing of a server or its users.
 */
export function consoleRoute(
  fastify: FastifyInstance,
  config: Settings,
  { directory, ready }: BuiltPage,
): void {
  const { colours, icon } = themeFiles(config);
  const built: Promise<Built | Error> = ready
    .then(() => readBuilt(directory, [colours, icon]))
    .catch((error: unknown) => (error instanceof Error ? error : new Error('The build failed.')));

  const sendIndex = async (request: FastifyRequest, reply: FastifyReply) => {
    const elsewhere = ownAddress(config, request);
    if (elsewhere !== null) return reply.redirect(elsewhere, 303);
    const page = await built;
    reply.headers({ ...pageHeaders, 'content-security-policy': policy });
    if (page instanceof Error)
      return reply.code(500).type('text/plain; charset=utf-8').send(notBuilt(page));
    const facts = {
      icon: icon.path,
      colours: colours.path,
      mayBeSignedIn: hasCookie(config, request),
    };
    return reply
      .type('text/html; charset=utf-8')
      .send(page.index.replace(marker, () => head(config, facts).text));
  };

  fastify.get('/console', sendIndex);
  // Every other path is a screen's.
  fastify.get('/console/*', sendIndex);
  fastify.get<{ Params: { name: string } }>('/console/assets/:name', async (request, reply) => {
    const page = await built;
    // SECURITY: the name is looked up among those found, never joined to a path.
    const file = page instanceof Error ? undefined : page.files.get(request.params.name);
    return file === undefined ? reply.callNotFound() : sendFile(request, reply, file);
  });
}

function sendFile({ headers }: FastifyRequest, reply: FastifyReply, file: File): FastifyReply {
  reply.type(file.type).headers({
    // The names hold a hash of what is in them.
    'cache-control': 'public, max-age=31536000, immutable',
    vary: 'accept-encoding',
  });
  const takesBrotli = /\bbr\b/.test(String(headers['accept-encoding'] ?? ''));
  return takesBrotli && file.brotli !== undefined
    ? reply.header('content-encoding', 'br').send(file.brotli)
    : reply.send(file.bytes);
}

/**
 * In development, under another name of this machine: the address at which the session's cookie is
 * set and taken.
 */
function ownAddress(config: Settings, { headers, url }: FastifyRequest): string | null {
  const own = new URL(config.consoleUrl ?? config.publicUrl);
  if (config.mode !== 'development' || headers['x-forwarded-for'] !== undefined) return null;
  return headers.host === own.host ? null : own.origin + url.replace(/^[a-z]+:\/\/[^/]*/i, '');
}

/** A session that the account pages of this host have begun is the console's too. */
function hasCookie(config: Settings, { headers }: FastifyRequest): boolean {
  return Boolean(parseCookie(headers.cookie ?? '')[refreshCookieName(config)]);
}

type Facts = {
  readonly icon: string;
  readonly colours: string;
  readonly mayBeSignedIn: boolean;
};

/** Name, icon and colours of all pages, which the console was built without, and where they are. */
function head(config: Settings, { icon, colours, mayBeSignedIn }: Facts): Markup {
  const { productName, publicUrl, passkeys, pagesTheme } = config;
  const settings = {
    productName,
    logo: pagesTheme.logo === null ? null : icon,
    accountPages: config.pages ? `${publicUrl}/account` : null,
    passkeys: passkeys.enabled && passkeys.origins.includes(config.consoleUrl ?? publicUrl),
    mayBeSignedIn,
  };
  return html`<title>${productName}</title>
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<meta name="console" content="${JSON.stringify(settings)}">
<link rel="icon" href="${icon}">
<link rel="stylesheet" href="${colours}">`;
}

type OwnFile = File & { readonly path: string };

function themeFiles({ pagesTheme }: Settings): { colours: OwnFile; icon: OwnFile } {
  const sheet = Buffer.from(smaller(colourSheet(pagesTheme)));
  const { type, bytes } = iconFile({ pagesTheme });
  return {
    colours: ownFile('css', { type: types['.css'] ?? '', bytes: sheet }),
    icon: ownFile(type.includes('svg') ? 'svg' : 'png', { type, bytes }),
  };
}

function ownFile(extension: string, file: File): OwnFile {
  const hash = createHash('sha256').update(file.bytes).digest('hex').slice(0, 12);
  return { ...file, path: `/console/assets/${hash}.${extension}` };
}

async function readBuilt(directory: string, own: readonly OwnFile[]): Promise<Built> {
  const folder = join(directory, 'assets');
  const names = (await readdir(folder)).filter((name) => extname(name) in types);
  const files = names.map(async (name): Promise<[string, File]> => {
    const [bytes, brotli] = await Promise.all([
      readFile(join(folder, name)),
      readFile(join(folder, `${name}.br`)),
    ]);
    return [name, { type: types[extname(name)] ?? '', bytes, brotli }];
  });
  return {
    index: await readFile(join(directory, 'index.html'), 'utf8'),
    files: new Map([
      ...(await Promise.all(files)),
      ...own.map((file): [string, File] => [file.path.replace('/console/assets/', ''), file]),
    ]),
  };
}

function notBuilt({ message }: Error): string {
  return `The console could not be built. The API is not affected.\n\n${message}\n`;
}
