import { html, type Markup } from '../../markup.ts';
import { type Event, graphqlDocument } from '../answers.ts';
import { definePage, type Shown } from '../page.ts';
import { type Connection, nextPage, nothing, time } from '../parts.ts';

type Data = { readonly account: { readonly securityEvents: Connection<Event> } };

/** What happened to an account, in plain sentences. */
export const activity = definePage<Data>({
  path: 'activity',
  signedIn: true,
  document: graphqlDocument(`
query Show($after: String) {
  ...Person
  account {
    securityEvents(after: $after) {
      edges { node { type outcome at device ipAddress } }
      pageInfo { hasNextPage endCursor }
    }
  }
}`),
  variables: ({ query }) => ({ after: query.get('after') }),
  view: (shown) => {
    const { t, data } = shown;
    const { edges, pageInfo } = data.account.securityEvents;
    const list = html`<ul class="rows">${edges.map(({ node }) => row(shown, node))}</ul>`;
    return {
      title: t.activity.title,
      body: html`<p>${t.activity.text}</p>
${edges.length === 0 ? html`<p>${t.activity.none}</p>` : list}
${nextPage('activity', pageInfo, t.activity.more)}`,
    };
  },
});

function row({ t, locale }: Shown<Data>, event: Event): Markup {
  const { at, outcome } = event;
  const mark = html`<strong class="tag bad">${t.activity.failed}</strong> `;
  return html`<li><p>${outcome === 'FAILURE' ? mark : nothing}${sentence(t, event)}</p>
${time(locale, at)}</li>`;
}

/** `Wrong password, Firefox on Linux, 203.0.113.0/24`; an administrator's device is not told. */
function sentence(t: Shown<Data>['t'], { type, device, ipAddress }: Event): Markup {
  const texts: Readonly<Record<string, string>> = t.events;
  const origin = [device, ipAddress].filter((part) => part !== null);
  return html`${texts[type] ?? type}${origin.map((part) => html`${t.comma}<bdi>${part}</bdi>`)}`;
}
