import { html, type Markup } from '../../markup.ts';
import { graphqlDocument } from '../answers.ts';
import { definePage, type Shown } from '../page.ts';
import {
  attributes,
  doneNotice,
  form,
  hidden,
  nothing,
  proofNotice,
  refusalNotice,
  time,
} from '../parts.ts';
import { markOf } from '../provider-marks.ts';
import { type Provider, providerForm, startLink } from '../provider-parts.ts';

type Identity = {
  readonly id: string;
  readonly provider: Provider;
  readonly label: string | null;
  /** ISO 8601. */
  readonly createdAt: string;
  /** ISO 8601. */
  readonly lastUsedAt: string | null;
};

type Data = {
  readonly authOptions: { readonly identityProviders: readonly Provider[] };
  readonly account: { readonly identities: readonly Identity[] };
};

/** The accounts at other providers that sign the person in, and the way to link one more. */
export const identities = definePage<Data>({
  path: 'security/identities',
  signedIn: true,
  document: graphqlDocument(`
query Show {
  ...Person
  authOptions { identityProviders { id name } }
  account { identities { id provider { id name } label createdAt lastUsedAt } }
}
mutation UnlinkIdentity($input: UnlinkIdentityInput!) {
  result: unlinkIdentity(input: $input) { __typename ...Refusal }
}`),
  forms: {
    provider: startLink,
    unlink: {
      operation: 'UnlinkIdentity',
      input: ({ identityId = '' }) => ({ identityId }),
      done: () => ({ go: 'security/identities?done=unlinked' }),
    },
  },
  view: (shown) => {
    const { t, data } = shown;
    const { identities: list } = data.account;
    const { linked, unlinked } = t.identities;
    const rows = html`<ul class="rows">${list.map((one, index) => row(shown, one, index))}</ul>`;
    return {
      title: t.identities.title,
      body: html`${doneNotice(shown, { linked, unlinked })}${proofNotice(shown)}
${refusalNotice(shown, { CONFLICT: t.identities.lastWay })}
<p>${t.identities.text}</p>
${list.length === 0 ? html`<p>${t.identities.none}</p>` : rows}
${more(shown)}
<p class="aside"><a href="/account/security">${t.back}</a></p>`,
    };
  },
});

type Context = Shown<Data>;

function more(shown: Context): Markup {
  const { t, data } = shown;
  const providers = data.authOptions.identityProviders;
  if (providers.length === 0) return nothing;
  const action = '/account/security/identities';
  return html`<h2>${t.identities.another}</h2>
${providerForm(shown, { action, providers, label: t.identities.link })}`;
}

/** The provider, what it calls the account, since when and when it was used. */
function row(shown: Context, identity: Identity, index: number): Markup {
  const { t, locale } = shown;
  const { provider, label, createdAt, lastUsedAt } = identity;
  const used =
    lastUsedAt === null
      ? html`${t.identities.neverUsed}`
      : html`${t.devices.lastUsed}${t.colon}${time(locale, lastUsedAt)}`;
  return html`<li><p id="identity-${index}"><strong class="mark">${markOf(
    shown.presetOf(provider.id),
  )}<bdi>${provider.name}</bdi></strong>
${label === null ? nothing : html`<br><bdi>${label}</bdi>`}
<br>${t.identities.since}${t.colon}${time(locale, createdAt)}
<br>${used}</p>${unlink(shown, identity, index)}</li>`;
}

/** Named by its own words and the account's: a list of buttons tells them apart. */
function unlink({ t }: Context, { id }: Identity, index: number): Markup {
  const name = attributes({
    id: `unlink-${index}`,
    'aria-labelledby': `unlink-${index} identity-${index}`,
  });
  return form(
    '/account/security/identities',
    html`${hidden('identityId', id)}
<button class="quiet" name="form" value="unlink"${name}>${t.identities.unlink}</button>`,
  );
}
