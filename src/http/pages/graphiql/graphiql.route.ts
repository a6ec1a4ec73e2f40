import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { assetsOf } from '../account/assets.ts';
import { colourSheet, smaller } from '../account/style.ts';
import { html, type Markup } from '../markup.ts';
import { sendToolsPage, type Tools, type ToolsPage } from '../tools-page.ts';

export type GraphiqlRouteOptions = {
  /** Holds index.html and dev/graphiql/*, as scripts/build-graphiql.mjs makes them. */
  readonly directory: string;
  /** Resolves once `directory` is there. Rejects with a text to show. */
  readonly ready: Promise<void>;
  /**
   * Milliseconds that a caller of /graphiql waits for `ready` before a page says that it is being
   * built; 15000 unless told.
   */
  readonly patience?: number;
};

/**
 * Monaco writes style elements and has a font inline; nothing else is loosened, and no other host
 * is named.
 */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "font-src 'self' data:",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.ttf': 'font/ttf',
};

type Built = { readonly index: string; readonly assets: ReadonlyMap<string, string> };

/**
 * `GET /graphiql`: GraphiQL, from our own files. For development; where the page could not be
 * built, it says so and why.
 */
export function graphiqlRoute(
  fastify: FastifyInstance,
  { directory, ready, patience = 15_000, tools }: GraphiqlRouteOptions & { readonly tools: Tools },
): void {
  const built: Promise<Built | Error> = ready
    .then(() => readBuilt(directory))
    .catch((error: unknown) => (error instanceof Error ? error : new Error('The build failed.')));

  fastify.get('/graphiql', async (_request, reply) => {
    const waiting = new AbortController();
    const late = sleep(patience, 'late' as const, { ref: false, signal: waiting.signal }).catch(
      () => 'late' as const,
    );
    const page = await Promise.race([built, late]);
    waiting.abort();
    if (page === 'late') return sendToolsPage(reply.header('Retry-After', '2'), tools, beingBuilt);
    if (page instanceof Error) return sendToolsPage(reply, tools, notBuilt(page.message));
    return withPolicy(reply)
      .type('text/html; charset=utf-8')
      .header('Cache-Control', 'no-store')
      .send(page.index.replace('<title>GraphiQL</title>', () => head(tools).text));
  });

  const colours = smaller(colourSheet(tools.pagesTheme));
  fastify.get(coloursPath, (_request, reply) =>
    reply.type('text/css; charset=utf-8').send(colours),
  );

  fastify.get<{ Params: { '*': string } }>('/dev/graphiql/*', async (request, reply) => {
    const page = await built;
    // SECURITY: the name is looked up among those found, never joined to a path.
    const file = page instanceof Error ? undefined : page.assets.get(request.params['*']);
    if (file === undefined) return reply.callNotFound();
    return (
      withPolicy(reply)
        .type(types[extname(file)] ?? 'application/octet-stream')
        // The names hold a hash of what is in them.
        .header('Cache-Control', 'public, max-age=31536000, immutable')
        .send(await readFile(file))
    );
  });
}

const coloursPath = '/dev/colours.css';

/** Name, icon and colours of all pages, which the page was built without. */
function head(tools: Tools): Markup {
  return html`<title>GraphiQL · ${tools.productName}</title>
<meta name="application-name" content="${tools.productName}">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="${assetsOf(tools).icon}">
<link rel="stylesheet" href="${coloursPath}">`;
}

async function readBuilt(directory: string): Promise<Built> {
  const folder = join(directory, 'dev/graphiql');
  const names = await readdir(folder);
  return {
    index: await readFile(join(directory, 'index.html'), 'utf8'),
    assets: new Map(names.map((name) => [name, join(folder, name)])),
  };
}

/** Workers run under the policy of their own file, so every file carries it. */
function withPolicy(reply: FastifyReply): FastifyReply {
  return reply.header('Content-Security-Policy', policy);
}

const beingBuilt: ToolsPage = {
  title: 'GraphiQL',
  status: 503,
  head: html`<meta http-equiv="refresh" content="2">`,
  body: html`<h1>GraphiQL is being built</h1>
<p>That happens once after an installation and takes some seconds. This page shows it as soon as it
is there. The API itself already answers at <code>POST /graphql</code>.</p>`,
};

function notBuilt(output: string): ToolsPage {
  return {
    title: 'GraphiQL',
    status: 500,
    body: html`<h1>GraphiQL could not be built</h1>
<p>The API is not affected: it answers at <code>POST /graphql</code>. To try again, restart the
server. This is what the build said:</p>
<pre class="sheet">${output}</pre>`,
  };
}
