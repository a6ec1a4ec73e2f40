import { html, type Markup } from './markup.ts';
import type { Tools, ToolsPage } from './tools-page.ts';

export type DeliveredMail = {
  readonly id: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
};

/** Says that a newer mail has come, without reading one. */
export function mailboxTag(mails: readonly DeliveredMail[]): string {
  return `"${encodeURIComponent(mails[0]?.id ?? 'empty')}"`;
}

const head = html`<script src="/dev/mailbox.js" type="module"></script>`;

/**
 * The list of what was sent, the newest first; asks the server for newer mail, and without scripts
 * loads itself anew.
 */
export function mailsPage(mails: readonly DeliveredMail[], tools: Tools): ToolsPage {
  const watch = html`<noscript><meta http-equiv="refresh" content="5"></noscript>`;
  return {
    path: '/dev/mailbox',
    title: mails.length === 0 ? 'Mailbox' : `Mailbox (${mails.length})`,
    head: html`${head}${watch}`,
    body: html`<h1>Mailbox</h1>
<p class="meta" data-watch="${mailboxTag(mails)}">Every mail that this server would have sent.
Nothing leaves this machine. New mail shows up by itself.
<span class="silent" role="status">The server does not answer just now.</span></p>
${mails.length === 0 ? noMails(tools) : html`<ul class="rows sheet">${mails.map(mailItem)}</ul>`}`,
  };
}

/** One mail: its code, its HTML part in a frame where nothing runs, its text part. */
export function mailPage(mail: DeliveredMail): ToolsPage {
  return {
    path: '/dev/mailbox',
    title: mail.subject,
    head,
    body: html`<p><a href="/dev/mailbox">All mail</a></p>
<h1>${mail.subject}</h1>
<dl><dt>To</dt><dd>${mail.to}</dd><dt>Sent</dt><dd>${time(mail.at)}</dd></dl>
<div class="large">${codeOf(mail)}</div>
<h2>As HTML</h2>
<iframe title="The HTML part" sandbox="allow-popups allow-popups-to-escape-sandbox"
 referrerpolicy="no-referrer" src="/dev/mailbox/${encodeURIComponent(mail.id)}/html"></iframe>
<h2>As text</h2>
<pre class="sheet">${withLinks(mail.text)}</pre>`,
  };
}

/**
 * The HTML part as a document of its own, whose links open beside the mailbox: no page of ours may
 * be shown in its frame.
 */
export function preview({ html: document }: DeliveredMail): string {
  return document.replace(/^(?:\s*<!doctype[^>]*>)?/i, '$&<base target="_blank">');
}

/** For an id that is not, or no longer, in the mailbox. */
export const noMailPage: ToolsPage = {
  title: 'No such mail',
  status: 404,
  body: html`<h1>No such mail</h1>
<p>It may have made room for newer ones. <a href="/dev/mailbox">All mail</a></p>`,
};

function noMails({ pages, graphiql }: Tools): Markup {
  const where = pages
    ? html` <a href="/account/register">Create an account</a> to get the first one.`
    : graphiql
      ? html` Ask for one in <a href="/graphiql">GraphiQL</a>.`
      : '';
  return html`<div class="sheet">
<h2>No mail yet</h2>
<p>Codes to verify an address, sign-in codes, links to reset a password and notices land
here.${where}</p>
</div>`;
}

function mailItem(mail: DeliveredMail): Markup {
  return html`<li>
<div><a href="/dev/mailbox/${encodeURIComponent(mail.id)}">${mail.subject}</a>
<div class="meta">${mail.to} · ${time(mail.at)}</div></div>
${codeOf(mail)}
</li>`;
}

function time(at: string): Markup {
  return html`<time datetime="${at}">${at.replace('T', ' ').replace(/(\.\d+)?Z$/, ' UTC')}</time>`;
}

/** The six digits that stand alone on a line of the text part. */
function codeOf(mail: DeliveredMail): Markup {
  const code = /^[ \t]*(\d{6})[ \t]*$/m.exec(mail.text)?.[1];
  return code === undefined
    ? html``
    : html`<div class="copied"><span class="code" title="The code">${code}</span></div>`;
}

/** SECURITY: only http and https become links; each piece is escaped on its own. */
function withLinks(text: string): Markup {
  const pieces = text.split(/(https?:\/\/[^\s<>"')\]]+)/);
  return html`${pieces.map((piece, index) =>
    index % 2 === 0
      ? html`${piece}`
      : html`<a href="${piece}" target="_blank" rel="noreferrer">${piece}</a>`,
  )}`;
}

/** Asks for newer mail, offers to copy codes, and shows times in the reader's zone. */
export const mailboxScript = `const watch = document.querySelector('[data-watch]');
if (watch) {
  setInterval(async () => {
    if (document.hidden) return;
    try {
      const { headers } = await fetch('/dev/mailbox.json', { method: 'HEAD', cache: 'no-store' });
      document.body.classList.remove('unreachable');
      if (headers.get('etag') !== watch.dataset.watch) location.reload();
    } catch {
      document.body.classList.add('unreachable');
    }
  }, 1500);
}
// The clipboard is there on https and localhost only; elsewhere one click still selects the whole
// code.
if (navigator.clipboard) {
  for (const code of document.querySelectorAll('.code')) {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = 'Copy';
    button.onclick = async () => {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = 'Copied';
      setTimeout(() => { button.textContent = 'Copy'; }, 1500);
    };
    code.after(button);
  }
}
const today = new Date().toDateString();
for (const time of document.querySelectorAll('time')) {
  const at = new Date(time.dateTime);
  if (Number.isNaN(at.getTime())) continue;
  time.title = time.textContent;
  time.textContent = at.toDateString() === today ? at.toLocaleTimeString()
    : at.toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' });
}
`;
