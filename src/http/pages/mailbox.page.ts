import type { DevPage } from './dev-page.ts';
import { html, type Markup } from './markup.ts';

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

const head = html`<script src="/dev/mailbox.js" defer></script>
<style>
  .mails { list-style: none; margin: 1.25rem 0 0; padding: 0; }
  .mails li {
    display: grid; grid-template-columns: 1fr auto; gap: .125rem 1.5rem; align-items: center;
    padding: .875rem 1.125rem;
  }
  .mails li + li { border-top: 1px solid var(--line); }
  .mails a { font-weight: 600; }
  .mails div { min-width: 0; overflow-wrap: anywhere; }
  .meta { color: var(--quiet); font-size: .875rem; }
  .key { display: flex; align-items: center; gap: .625rem; }
  .code {
    font-size: 1.375rem; font-weight: 600; letter-spacing: .09em; line-height: 1;
    user-select: all; cursor: copy; color: var(--accent); background: var(--wash);
    border-radius: .375rem; padding: .5rem .625rem .5rem .75rem;
  }
  .large .code { font-size: 2.25rem; padding: .75rem .875rem .75rem 1rem; }
  .large { margin: 1.5rem 0 0; }
  .key button {
    font: inherit; font-size: .8125rem; color: var(--quiet); background: none;
    border: 1px solid var(--line); border-radius: .375rem; padding: .25rem .625rem;
    cursor: pointer; min-width: 4.5rem;
  }
  .key button:hover { color: var(--ink); border-color: currentColor; }
  .empty { padding: 2rem 1.5rem; margin-top: 1.25rem; }
  .empty h2 { color: var(--ink); font-size: 1.125rem; margin: 0; }
  .empty pre {
    margin: 1rem 0 0; padding: .75rem 1rem; background: var(--ground); border-radius: .375rem;
  }
  .silent { display: none; color: var(--accent); }
  .unreachable .silent { display: inline; }
  dl {
    display: grid; grid-template-columns: auto 1fr; gap: .125rem 1rem;
    margin: .75rem 0 0; font-size: .9375rem;
  }
  dt { color: var(--quiet); }
  dd { margin: 0; overflow-wrap: anywhere; }
  iframe {
    display: block; width: 100%; height: 36rem; resize: vertical; background: #fff;
    border: 1px solid var(--line); border-radius: .625rem;
  }
  h2 small { font-weight: 400; font-size: inherit; }
  pre.sheet { margin: 0; padding: 1rem 1.125rem; }
  @media (max-width: 34rem) {
    .mails li { grid-template-columns: 1fr; gap: .5rem; padding: .875rem 1rem; }
    .large .code { font-size: 2rem; }
  }
</style>`;

/**
 * The list of what was sent, the newest first; asks the server for newer mail, and without scripts
 * loads itself anew.
 */
export function mailsPage(mails: readonly DeliveredMail[]): DevPage {
  const watch = html`<noscript><meta http-equiv="refresh" content="5"></noscript>`;
  return {
    title: mails.length === 0 ? 'Mailbox' : `Mailbox (${mails.length})`,
    head: html`${head}${watch}`,
    body: html`<h1>Mailbox</h1>
<p class="quiet" data-watch="${mailboxTag(mails)}">Every mail that this server would have sent.
Nothing leaves this machine. New mail shows up by itself.
<span class="silent" role="status">The server does not answer just now.</span></p>
${mails.length === 0 ? noMails : html`<ul class="mails sheet">${mails.map(mailItem)}</ul>`}`,
  };
}

/** One mail: its code, its HTML part in a frame where nothing runs, its text part. */
export function mailPage(mail: DeliveredMail): DevPage {
  return {
    title: mail.subject,
    head,
    body: html`<p class="quiet"><a href="/dev/mailbox">All mail</a></p>
<h1>${mail.subject}</h1>
<dl><dt>To</dt><dd>${mail.to}</dd><dt>Sent</dt><dd>${time(mail.at)}</dd></dl>
<div class="large">${codeOf(mail)}</div>
<h2>As HTML <small>Links work in the text below only.</small></h2>
<iframe title="The HTML part" sandbox="" referrerpolicy="no-referrer"
 srcdoc="${mail.html}"></iframe>
<h2>As text</h2>
<pre class="sheet">${withLinks(mail.text)}</pre>`,
  };
}

/** For an id that is not, or no longer, in the mailbox. */
export const noMailPage: DevPage = {
  title: 'No such mail',
  status: 404,
  body: html`<h1>No such mail</h1>
<p>It may have made room for newer ones. <a href="/dev/mailbox">All mail</a></p>`,
};

const noMails = html`<div class="sheet empty">
<h2>No mail yet</h2>
<p>Codes to verify an address, sign-in codes, links to reset a password and notices land here.
Ask for one in <a href="/">GraphiQL</a>:</p>
<pre>mutation Register {
  register(input: {
    email: "you@example.com"
    password: "velvet lantern orbit maple"
  }) {
    ... on OtpChallenge { id sentTo }
    ... on AuthError { code message }
  }
}</pre>
</div>`;

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
    : html`<div class="key"><span class="code" title="The code">${code}</span></div>`;
}

/** SECURITY: only http and https become links; each piece is escaped on its own. */
function withLinks(text: string): Markup {
  const pieces = text.split(/(https?:\/\/[^\s<>"')\]]+)/);
  return html`${pieces.map((piece, index) =>
    index % 2 === 0
      ? html`${piece}`
      : html`<a href="${piece}" rel="noreferrer noopener">${piece}</a>`,
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
