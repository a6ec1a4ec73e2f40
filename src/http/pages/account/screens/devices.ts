import { html, type Markup } from '../../markup.ts';
import { graphqlDocument } from '../answers.ts';
import { definePage, type Shown } from '../page.ts';
import {
  attributes,
  button,
  type Connection,
  doneNotice,
  form,
  hidden,
  nextPage,
  nothing,
  refusalNotice,
  time,
} from '../parts.ts';
import { named, type Provider } from '../provider-parts.ts';

type Session = {
  readonly id: string;
  readonly createdAt: string;
  readonly lastUsedAt: string;
  readonly ipAddress: string | null;
  readonly device: string | null;
  readonly identityProvider: string | null;
  readonly current: boolean;
};

type Data = {
  readonly authOptions: { readonly identityProviders: readonly Provider[] };
  readonly account: { readonly sessions: Connection<Session> };
};

/** Where the person is signed in, to be signed out one by one or all at once. */
export const devices = definePage<Data>({
  path: 'devices',
  signedIn: true,
  document: graphqlDocument(`
query Show($after: String) {
  ...Person
  authOptions { identityProviders { id name } }
  account {
    sessions(after: $after) {
      edges { node { id createdAt lastUsedAt ipAddress device identityProvider current } }
      pageInfo { hasNextPage endCursor }
    }
  }
}
mutation RevokeSession($input: RevokeSessionInput!) {
  result: revokeSession(input: $input) { __typename ...Refusal }
}
mutation LogoutEverywhere($input: LogoutInput!) {
  result: logout(input: $input) { __typename ...Refusal }
}`),
  variables: ({ query }) => ({ after: query.get('after') }),
  forms: {
    revoke: {
      operation: 'RevokeSession',
      input: ({ sessionId = '' }) => ({ sessionId }),
      done: () => ({ go: 'devices?done=revoked' }),
    },
    everywhere: {
      operation: 'LogoutEverywhere',
      input: () => ({ everywhere: true }),
      // Without a proof this device alone would be signed out, and the proof could not follow.
      proofFirst: true,
      done: () => ({ signOut: 'signed-out' }),
    },
  },
  view: (shown) => {
    const { t, data } = shown;
    const { edges, pageInfo } = data.account.sessions;
    return {
      title: t.devices.title,
      body: html`${doneNotice(shown, { revoked: t.devices.done })}${refusalNotice(shown)}
<p>${t.devices.text}</p>
<ul class="rows">${edges.map(({ node }, index) => row(shown, node, index))}</ul>
${nextPage('devices', pageInfo, t.devices.more)}
${form(
  '/account/devices',
  html`
<p id="everywhere">${t.devices.everywhereText}</p>
${button({
  label: t.devices.everywhere,
  form: 'everywhere',
  kind: 'danger',
  describedBy: 'everywhere',
})}
`,
  { kind: 'aside' },
)}`,
    };
  },
});

function row(shown: Shown<Data>, session: Session, index: number): Markup {
  const { t, locale } = shown;
  const { device, ipAddress, identityProvider, current, lastUsedAt, createdAt } = session;
  return html`<li><p id="device-${index}"><strong><bdi>${device ?? t.devices.unknown}</bdi></strong>
${ipAddress === null ? nothing : html`<br><bdi dir="ltr">${ipAddress}</bdi>`}
${identityProvider === null ? nothing : html`<br>${vouchedBy(shown, identityProvider)}`}
<br>${t.devices.lastUsed}${t.colon}${time(locale, lastUsedAt)}
<br>${t.devices.since}${t.colon}${time(locale, createdAt)}</p>
${current ? html`<strong>${t.devices.current}</strong>` : signOut(shown, session, index)}</li>`;
}

/** By its name, or by its id where it is offered no more. */
function vouchedBy({ t, data }: Shown<Data>, providerId: string): Markup {
  const provider = data.authOptions.identityProviders.find(({ id }) => id === providerId);
  return named(t.identities.signedInWith, provider?.name ?? providerId);
}

/** Named by its own words and the device's: a list of buttons tells them apart. */
function signOut({ t }: Shown<Data>, { id }: Session, index: number): Markup {
  const name = attributes({
    id: `sign-out-${index}`,
    'aria-labelledby': `sign-out-${index} device-${index}`,
  });
  return form(
    '/account/devices',
    html`${hidden('sessionId', id)}
<button class="quiet" name="form" value="revoke"${name}>${t.devices.signOut}</button>`,
  );
}
