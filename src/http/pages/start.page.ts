import type { Config } from '../../config/read-config.ts';
import { html, type Markup } from './markup.ts';
import type { Tools, ToolsPage } from './tools-page.ts';

type Settings = Pick<Config, 'databaseUrl' | 'dataDirectory' | 'mail' | 'appUrl' | 'registration'>;

/** What `GET /` shows in development: how the server stands, what to do first, what there is. */
export function startPage(config: Settings, tools: Tools): ToolsPage {
  return {
    title: 'Start',
    body: html`<h1>${tools.productName} is running</h1>
<p class="meta">${state(config)}</p>
<ol class="steps">
${tools.pages ? registerOnPages(config) : registerInApp(config)}
${takeCode(config)}
${askWho(tools)}
</ol>
<h2>What is here</h2>
<ul class="rows sheet">${rows(tools)}</ul>
<h2>What to read</h2>
<p>In the folder that this server was started from, or its repository: <code>README.md</code>, then
<code>docs/integrations</code> for an app or a gateway, <code>docs/pages.md</code> for the pages,
<code>docs/deployment.md</code> for the first deployment.</p>`,
  };
}

/** In a line; no address of anything, which may hold a password. */
function state({ databaseUrl, dataDirectory, mail, registration }: Settings): string {
  const database =
    databaseUrl === null ? `embedded, files in ${dataDirectory}` : 'PostgreSQL at DATABASE_URL';
  const transport =
    mail.transport === 'mailbox'
      ? 'to the mailbox, nothing leaves this machine'
      : `sent by ${mail.transport}`;
  const who = registration === 'open' ? 'open to everyone' : 'by invitation';
  return `Database: ${database}. Mail: ${transport}. Registration: ${who}.`;
}

function step(title: string, body: Markup): Markup {
  return html`<li class="sheet"><h2>${title}</h2>${body}</li>`;
}

function go(path: string, label: string): Markup {
  return html`<div class="actions"><a class="button" href="${path}">${label}</a></div>`;
}

function registerOnPages({ mail }: Settings): Markup {
  const note =
    mail.transport === 'mailbox'
      ? html`<p>Any address will do: no mail leaves this machine.</p>`
      : '';
  return step(
    'Create an account',
    html`${note}<div class="actions"><a class="button main"
 href="/account/register">Create an account</a></div>`,
  );
}

function registerInApp({ appUrl }: Settings): Markup {
  const app = html`<a href="${appUrl}">${appUrl}</a>`;
  return step('Create an account', html`<p>The built-in pages are off. Register at ${app}.</p>`);
}

function takeCode({ mail }: Settings): Markup {
  const title = 'Take the code from the mail';
  if (mail.transport !== 'mailbox')
    return step(title, html`<p>Type its six digits, or open its link.</p>`);
  const text = html`<p>Type its six digits on the page, or open the link of the mail: both sign you
in.</p>`;
  return step(title, html`${text}${go('/dev/mailbox', 'Open the mailbox')}`);
}

function askWho({ graphiql, pages }: Tools): Markup {
  const title = 'Ask the API who you are';
  if (!graphiql) return step(title, html`<p>Send <code>{ me { id } }</code> with the token.</p>`);
  const how = pages
    ? 'GraphiQL takes over the sign-in of this browser: press'
    : 'Sign in there, press';
  return step(
    title,
    html`<p>${how} its play button, and choose <code>Me</code>.</p>
${go('/graphiql', 'Open GraphiQL')}`,
  );
}

function rows({ pages, mailbox, graphiql, ...tools }: Tools): Markup[] {
  const row = (path: string, text: string): Markup =>
    html`<li><a href="${path}">${path}</a><span>${text}</span></li>`;
  return [
    ...(pages ? [row('/account', 'sign-in and account pages, as your users see them')] : []),
    ...(mailbox ? [row('/dev/mailbox', 'every mail that would have been sent')] : []),
    ...(graphiql ? [row('/graphiql', 'the API, with operations to try')] : []),
    ...(tools.console
      ? [row(`${tools.consoleUrl ?? ''}/console`, 'users and the trail, for administrators')]
      : []),
    html`<li><span><code>POST /graphql</code></span><span>the API</span></li>`,
    row('/.well-known/openid-configuration', 'where gateways find the keys'),
  ];
}
