import { html, type Markup } from '../../markup.ts';
import { graphqlDocument } from '../answers.ts';
import { definePage, type Shown } from '../page.ts';
import { doneNotice } from '../parts.ts';

type Data = {
  readonly me: { readonly email: string };
  readonly account: {
    readonly hasPassword: boolean;
    readonly totpEnabled: boolean;
    readonly recoveryCodesLeft: number;
  };
};

/** What protects an account; each row leads to the page that changes it. */
export const security = definePage<Data>({
  path: 'security',
  signedIn: true,
  document: graphqlDocument(`
query Show { ...Person account { hasPassword totpEnabled recoveryCodesLeft } }`),
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

function rows({ t, data }: Context): Markup[] {
  const { hasPassword, totpEnabled, recoveryCodesLeft } = data.account;
  const codes = {
    label: t.security.recoveryCodes,
    state: t.security.codesLeft(recoveryCodesLeft),
    path: 'recovery-codes',
    action: t.security.manage,
  };
  return [
    row(t, {
      label: t.password,
      state: hasPassword ? t.security.passwordSet : t.security.none,
      path: 'password',
      action: hasPassword ? t.security.change : t.security.setUp,
    }),
    row(t, { label: t.email, state: data.me.email, path: 'email', action: t.security.change }),
    row(t, {
      label: t.security.authenticator,
      state: totpEnabled ? t.security.on : t.security.off,
      path: 'authenticator',
      action: totpEnabled ? t.security.manage : t.security.setUp,
    }),
    ...(totpEnabled ? [row(t, codes)] : []),
  ];
}

type Row = {
  readonly label: string;
  readonly state: string;
  /** Below security. */
  readonly path: string;
  readonly action: string;
};

function row({ colon }: Context['t'], { label, state, path, action }: Row): Markup {
  return html`<li><p><strong>${label}</strong><br><bdi>${state}</bdi></p>
<a class="button" href="/account/security/${path}" aria-label="${action}${colon}${label}"
>${action}</a></li>`;
}
