import { html, type Markup } from '../../markup.ts';
import { graphqlDocument } from '../answers.ts';
import { definePage, type Shown } from '../page.ts';
import { attributes, doneNotice, nothing, proofNotice, refusalNotice, time } from '../parts.ts';
import { registration, registrationForms, registrationOperations } from '../passkey-parts.ts';

export type Passkey = {
  readonly id: string;
  readonly name: string;
  /** ISO 8601. */
  readonly createdAt: string;
  /** ISO 8601. */
  readonly lastUsedAt: string | null;
  readonly synced: boolean;
  readonly provider: string | null;
};

type Signals = {
  readonly rpId: string;
  readonly userId: string;
  readonly credentialIds: readonly string[];
  readonly name: string;
  readonly displayName: string;
};

type Data = {
  readonly account: {
    readonly passkeys: readonly Passkey[];
    readonly passkeySignals: Signals | null;
  };
};

/** Every passkey of the account, each leading to a page of its own, and a new one. */
export const passkeys = definePage<Data>({
  path: 'security/passkeys',
  signedIn: true,
  document: graphqlDocument(`
query Show {
  ...Person
  account {
    passkeys { id name createdAt lastUsedAt synced provider }
    passkeySignals { rpId userId credentialIds name displayName }
  }
}
${registrationOperations}`),
  forms: registrationForms(() => ({ go: 'security/passkeys?done=added' })),
  view: (shown) => {
    const { t, data, result } = shown;
    const list = data.account.passkeys;
    const { added, renamed, removed } = t.passkeys;
    const rows = html`<ul class="rows"${signals(shown)}>${list.map((one) => row(shown, one))}</ul>`;
    return {
      title: t.passkeys.title,
      hasCeremony: true,
      body: html`${doneNotice(shown, { added, renamed, removed })}${proofNotice(shown)}
${refusalNotice(shown)}
${result === null ? html`<p>${t.passkeys.why}</p>${rows}` : nothing}
${list.length === 0 && result === null ? html`<p>${t.passkeys.none}</p>` : nothing}
${registration(shown, { action: '/account/security/passkeys' })}
<p class="aside"><a href="/account/security">${t.back}</a></p>`,
    };
  },
});

type Context = Shown<Data>;

/**
 * What the script tells the password manager: which passkeys are left, and what the account is
 * called now.
 */
function signals({ data }: Context): Markup {
  const { passkeySignals } = data.account;
  if (passkeySignals === null) return nothing;
  const { credentialIds, ...others } = passkeySignals;
  const told = { ...others, allAcceptedCredentialIds: credentialIds };
  return attributes({ 'data-signals': JSON.stringify(told) });
}

function row(shown: Context, passkey: Passkey): Markup {
  const { t } = shown;
  const { id, name } = passkey;
  const href = `/account/security/passkey?${new URLSearchParams({ passkey: id })}`;
  const label = `${t.security.manage}${t.colon}${name}`;
  return html`<li>${description(shown, passkey)}
<a class="button" href="${href}" aria-label="${label}">${t.security.manage}</a></li>`;
}

/** Its name, where it is kept, when it was made and used. */
export function description({ t, locale }: Shown<unknown>, passkey: Passkey): Markup {
  const { name, provider, synced, createdAt, lastUsedAt } = passkey;
  const used =
    lastUsedAt === null
      ? html`${t.passkeys.neverUsed}`
      : html`${t.devices.lastUsed}${t.colon}${time(locale, lastUsedAt)}`;
  return html`<p><strong><bdi>${name}</bdi></strong>
${provider === null ? nothing : html`<br><bdi>${provider}</bdi>`}
<br>${synced ? t.passkeys.synced : t.passkeys.onOneDevice}
<br>${t.passkeys.created}${t.colon}${time(locale, createdAt)}
<br>${used}</p>`;
}
