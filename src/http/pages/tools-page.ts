import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Config } from '../../config/read-config.ts';
import { assetsOf } from './account/assets.ts';
import { pageHeaders, pagePolicy } from './account/send-page.ts';
import { smaller } from './account/style.ts';
import { htmlDocument } from './document.ts';
import { html, type Markup } from './markup.ts';
import { toolsSheet } from './tools-style.ts';

/** A page of development: in English, without a session. */
export type ToolsPage = {
  readonly title: string;
  /** Of the tool that it belongs to. */
  readonly path?: string;
  readonly body: Markup;
  /** More for the head. */
  readonly head?: Markup;
  readonly status?: number;
};

/** What a development server offers: where the pages lead. */
export type Tools = Pick<Config, 'productName' | 'pagesTheme' | 'pages' | 'consoleUrl'> & {
  readonly console: boolean;
  readonly graphiql: boolean;
  readonly mailbox: boolean;
};

export type Tool = { readonly path: string; readonly name: string };

/** The pages that are there, in the order of a first visit. */
export function toolsOf(tools: Tools): readonly Tool[] {
  const { pages, graphiql, mailbox, consoleUrl } = tools;
  return [
    ...(pages ? [{ path: '/account', name: 'Account' }] : []),
    ...(mailbox ? [{ path: '/dev/mailbox', name: 'Mailbox' }] : []),
    ...(graphiql ? [{ path: '/graphiql', name: 'GraphiQL' }] : []),
    ...(tools.console ? [{ path: `${consoleUrl ?? ''}/console`, name: 'Console' }] : []),
  ];
}

/** As the account pages (PG-1), which ask nothing by script and show no frame. */
const policy = `${pagePolicy}; connect-src 'self'; frame-src 'self'`;

const sheetPath = '/dev/tools.css';

/** The style of the tools, beside the sheet of all pages. */
export function toolsAssets(fastify: FastifyInstance): void {
  const sheet = smaller(toolsSheet);
  fastify.get(sheetPath, (_request, reply) => reply.type('text/css; charset=utf-8').send(sheet));
}

/** Sends a page of development. */
export function sendToolsPage(reply: FastifyReply, tools: Tools, page: ToolsPage): FastifyReply {
  const { style, icon, logo } = assetsOf(tools);
  const links = toolsOf(tools).map(({ path, name }) => {
    const current = path === page.path ? html` aria-current="page"` : '';
    return html`<a href="${path}"${current}>${name}</a>`;
  });
  const document = htmlDocument({
    language: 'en',
    direction: 'ltr',
    title: `${page.title} · ${tools.productName}`,
    icon,
    styles: [style, sheetPath],
    head: page.head ?? html``,
    bodyClass: 'tools',
    body: html`<a class="skip" href="#main">Skip to content</a>
<header><a class="brand" href="/">${logo}<span>${tools.productName}</span></a>
<span class="meta">development</span>
<nav aria-label="Pages">${links}</nav></header>
<main id="main" tabindex="-1">
${page.body}
</main>`,
  });
  return reply
    .code(page.status ?? 200)
    .type('text/html; charset=utf-8')
    .headers({ ...pageHeaders, 'content-security-policy': policy })
    .send(document.text);
}
