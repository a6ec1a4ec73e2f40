import type { FastifyReply } from 'fastify';
import { html, type Markup } from './markup.ts';

export type DevPage = {
  readonly title: string;
  readonly body: Markup;
  /** More for the head. */
  readonly head?: Markup;
  readonly status?: number;
};

/**
 * For pages rendered here. The script is our own file; a srcdoc frame inherits all of this and is
 * sandboxed besides.
 */
const policy = [
  "default-src 'none'",
  "style-src 'unsafe-inline'",
  "script-src 'self'",
  "connect-src 'self'",
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** A latchkey, as the pages' icon. */
const icon = `data:image/svg+xml,${encodeURIComponent(
  "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='none' stroke='#b07d1e' " +
    "stroke-width='2.4' stroke-linecap='round'><circle cx='7' cy='12' r='4'/>" +
    "<path d='M11 12h11m-4 0v4m4-4v3'/></svg>",
)}`;

const style = html`
  :root {
    color-scheme: light dark;
    --ground: #f6f5f2; --sheet: #fff; --ink: #1f1d1a; --quiet: #69645b;
    --line: #e2ded5; --accent: #855700; --wash: #fbf3e0;
    font: 16px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', sans-serif;
  }
  @media (prefers-color-scheme: dark) {
    :root {
      --ground: #161513; --sheet: #201e1b; --ink: #efece5; --quiet: #a8a195;
      --line: #37332d; --accent: #e3b457; --wash: #2d2617;
    }
  }
  * { box-sizing: border-box; }
  body { margin: 0; background: var(--ground); color: var(--ink); }
  main, header > div { max-width: 54rem; margin: 0 auto; padding: 0 1.25rem; }
  header { background: var(--sheet); border-bottom: 1px solid var(--line); }
  header > div { display: flex; align-items: center; gap: .25rem 1.25rem; min-height: 3.25rem; }
  header strong { letter-spacing: -.01em; }
  header span { color: var(--quiet); font-size: .875rem; }
  nav { margin-left: auto; display: flex; gap: 1.25rem; }
  @media (max-width: 26rem) { header span { display: none; } }
  main { padding-top: 1.75rem; padding-bottom: 4rem; }
  h1 {
    margin: 0 0 .25rem; font-size: 1.5rem; line-height: 1.25; letter-spacing: -.015em;
    overflow-wrap: anywhere;
  }
  h2 { font-size: .875rem; font-weight: 600; color: var(--quiet); margin: 2rem 0 .5rem; }
  p { margin: .25rem 0 1rem; }
  a { color: var(--accent); text-underline-offset: .15em; }
  a:not(:hover) { text-decoration-color: color-mix(in srgb, currentColor 40%, transparent); }
  :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 2px; }
  code, pre, .code {
    font-family: ui-monospace, 'SF Mono', Menlo, Consolas, 'Liberation Mono', monospace;
  }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; font-size: .875rem; }
  .quiet { color: var(--quiet); font-size: .9375rem; }
  .sheet { background: var(--sheet); border: 1px solid var(--line); border-radius: .625rem; }`;

/** Sends a page of development, with a policy of its own. */
export function sendDevPage(reply: FastifyReply, page: DevPage): FastifyReply {
  const document = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${page.title} · Latchkey</title>
<link rel="icon" href="${icon}">
<style>${style}</style>
${page.head ?? ''}
</head>
<body>
<header><div>
<strong>Latchkey</strong><span>development</span>
<nav><a href="/dev/mailbox">Mailbox</a><a href="/">GraphiQL</a></nav>
</div></header>
<main>
${page.body}
</main>
</body>
</html>
`;
  return reply
    .code(page.status ?? 200)
    .type('text/html; charset=utf-8')
    .headers({ 'Content-Security-Policy': policy, 'Cache-Control': 'no-store' })
    .send(document.text);
}
