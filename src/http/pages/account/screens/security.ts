import { html, type Markup } from '../../markup.ts';
import { graphqlDocument } from '../answers.ts';
import { definePage, type Shown } from '../page.ts';
import { doneNotice, time } from '../parts.ts';

type Data = {
  readonly authOptions: { readonly identityProviders: readonly unknown[] };
  readonly me: { readonly email: string };
  readonly account: {
    readonly hasPassword: boolean;
    /** ISO 8601. */
    readonly passwordChangedAt: string | null;
    /** ISO 8601. */
    readonly totpEnabledAt: string | null;
    readonly recoveryCodesLeft: number;
    readonly passkeys: readonly unknown[];
    readonly identities: readonly unknown[];
  };
};

/** What protects an account; each row leads to the page that changes it. */
export const security = definePage<Data>({
  path: 'security',
  signedIn: true,
  document: graphqlDocument(`
query Show {
  ...Person
  authOptions { identityProviders { id } }
  account {
    hasPassword passwordChangedAt totpEnabledAt recoveryCodesLeft passkeys { id } identities { id }
  }
}`),
  view: (shown) => ({
    title: shown.t.security.title,
    body: html`${doneNotice(shown, doneTexts(shown))}<ul class="rows">${rows(shown)}</ul>`,
  }),
});

type Context = Shown<Data>;

function doneTexts({ t }: Context): Readonly<Record<string, string>> {
  return {
    password: t.passwordPage.done,
    email: t.emailPage.done,
    'authenticator-off': t.authenticatorPage.removed,
  };
}

function rows(shown: Context): Markup[] {
  const { t, data } = shown;
  const { hasPassword, passwordChangedAt, totpEnabledAt, recoveryCodesLeft } = data.account;
  const totpEnabled = totpEnabledAt !== null;
  const codes = {
    label: t.security.recoveryCodes,
    state: html`${t.security.codesLeft(recoveryCodesLeft)}`,
    path: 'recovery-codes',
    action: t.security.manage,
  };
  return [
    row(t, {
      label: t.password,
      state: hasPassword
        ? since(shown, t.security.passwordSet, passwordChangedAt)
        : html`${t.security.none}`,
      path: 'password',
      action: hasPassword ? t.security.change : t.security.setUp,
    }),
    row(t, {
      label: t.email,
      state: html`<bdi>${data.me.email}</bdi>`,
      path: 'email',
      action: t.security.change,
    }),
    row(t, {
      label: t.security.authenticator,
      state: totpEnabled
        ? since(shown, t.security.onSince, totpEnabledAt)
        : html`${t.security.off}`,
      path: 'authenticator',
      action: totpEnabled ? t.security.manage : t.security.setUp,
    }),
    ...(totpEnabled ? [row(t, codes)] : []),
    ...passkeysRow(shown),
    ...identitiesRow(shown),
  ];
}

/** Not there where the pages can use none and the account has none. */
function passkeysRow({ t, data, takesPasskeys }: Context): Markup[] {
  const count = data.account.passkeys.length;
  if (count === 0 && !takesPasskeys) return [];
  return [
    row(t, {
      label: t.passkeys.title,
      state: html`${count === 0 ? t.security.none : t.passkeys.count(count)}`,
      path: 'passkeys',
      action: count === 0 ? t.security.setUp : t.security.manage,
    }),
  ];
}

/** Not there where no provider is offered and the account has none. */
function identitiesRow({ t, data }: Context): Markup[] {
  const count = data.account.identities.length;
  if (count === 0 && data.authOptions.identityProviders.length === 0) return [];
  return [
    row(t, {
      label: t.identities.title,
      state: html`${count === 0 ? t.security.none : t.identities.count(count)}`,
      path: 'identities',
      action: count === 0 ? t.security.setUp : t.security.manage,
    }),
  ];
}

/** The moment behind what it is about; null where it is not known. */
function since({ t, locale }: Context, text: string, at: string | null): Markup {
  return html`${text}${at === null ? '' : html`${t.colon}${time(locale, at)}`}`;
}

type Row = {
  readonly label: string;
  readonly state: Markup;
  /** Below security. */
  readonly path: string;
  readonly action: string;
};

function row({ colon }: Context['t'], { label, state, path, action }: Row): Markup {
  return html`<li><p><strong>${label}</strong><br>${state}</p>
<a class="button" href="/account/security/${path}" aria-label="${action}${colon}${label}"
>${action}</a></li>`;
}
