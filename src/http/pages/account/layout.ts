import { htmlDocument } from '../document.ts';
import { html, type Markup } from '../markup.ts';
import type { Person } from './answers.ts';
import type { Assets } from './assets.ts';
import { directionOf, type Language, languageNames, messagesIn } from './language.ts';
import { addressOf } from './links.ts';
import type { View } from './page.ts';
import { form, nothing } from './parts.ts';

export type Frame = {
  readonly productName: string;
  readonly language: Language;
  /** Below /account; null for what is no page of its own. */
  readonly path: string | null;
  readonly query: URLSearchParams;
  /** Null before anyone has signed in. */
  readonly person: Person | null;
  readonly hasProblem: boolean;
  readonly assets: Assets;
  /** Where the page goes on by itself. */
  readonly onward?: string;
};

const sections = ['profile', 'security', 'devices', 'activity', 'data'] as const;

/** A whole document around a page's own part. */
export function layout(frame: Frame, view: View): Markup {
  const { language, productName, assets, person } = frame;
  const t = messagesIn(language);
  const title = `${frame.hasProblem ? `${t.problem}${t.colon}` : ''}${view.title} · ${productName}`;
  return htmlDocument({
    language,
    direction: directionOf(language),
    title,
    icon: assets.icon,
    styles: [assets.style],
    head: html`<script src="${assets.script}" type="module"></script>
${view.hasCeremony ? html`<script src="${assets.passkeyScript}" type="module"></script>` : nothing}
${frame.onward === undefined ? nothing : goOn(frame.onward)}`,
    ...(person === null ? {} : { bodyClass: 'account' }),
    body: html`<a class="skip" href="#main">${t.skip}</a>
<header><a class="brand" href="/account">${assets.logo}<span>${productName}</span></a>${
      person === null ? nothing : signedInAs(frame, person)
    }</header>
${person === null ? nothing : navigation(frame)}
<main id="main" tabindex="-1">
<h1>${view.title}</h1>
${view.body}
<p class="moment" role="status" data-moment="${t.moment}"></p>
</main>
<footer><nav aria-label="${t.languages}">${languageLinks(frame)}</nav></footer>`,
  });
}

function goOn(url: string): Markup {
  return html`<meta http-equiv="refresh" content="0; url=${url}">`;
}

function signedInAs({ language }: Frame, { me }: Person): Markup {
  const t = messagesIn(language);
  return form(
    '/account/sign-out',
    html`
<bdi>${me?.name ?? me?.email ?? ''}</bdi>
<button class="quiet">${t.signOut.action}</button>`,
    { kind: 'who' },
  );
}

function navigation({ language, path }: Frame): Markup {
  const t = messagesIn(language);
  const current = path?.split('/')[0];
  const items = sections.map((section) => {
    const mark = section === current ? html` aria-current="page"` : nothing;
    return html`<li><a href="/account/${section}"${mark}>${t[section].title}</a></li>`;
  });
  return html`<nav class="sections" aria-label="${t.home.title}"><ul>${items}</ul></nav>`;
}

/** What a page reads of its address; anything else, such as a link's `?token=`, ends there. */
const carried = ['return_to', 'done', 'after', 'another', 'passkey'];

/** To the page itself, which may have come as the answer to another's form. */
function languageLinks({ language, path, query }: Frame): Markup[] {
  const address = path === null ? '' : addressOf(path);
  const kept = [...query].filter(([name]) => carried.includes(name));
  return Object.entries(languageNames).map(([tag, name]) => {
    if (tag === language) return html`<span aria-current="true">${name}</span>`;
    const search = new URLSearchParams(kept);
    search.set('lang', tag);
    const href = `${address}?${search}`;
    return html`<a href="${href}" lang="${tag}" hreflang="${tag}">${name}</a>`;
  });
}
