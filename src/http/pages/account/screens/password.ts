import { html, type Markup } from '../../markup.ts';
import { graphqlDocument } from '../answers.ts';
import { definePage, type Shown } from '../page.ts';
import { button, field, form, nothing, proofNotice, refusalNotice } from '../parts.ts';

type Data = {
  readonly authOptions: { readonly passwordMinLength: number };
  readonly me: { readonly email: string };
  readonly account: {
    readonly hasPassword: boolean;
    readonly passkeys: readonly unknown[];
    readonly identities: readonly unknown[];
  };
};

/** Sets a password in place of the present one, or the first. */
export const password = definePage<Data>({
  path: 'security/password',
  signedIn: true,
  document: graphqlDocument(`
query Show {
  ...Person
  account { hasPassword passkeys { id } identities { id } }
  authOptions { passwordMinLength }
}
mutation ChangePassword($input: ChangePasswordInput!) {
  result: changePassword(input: $input) { __typename ...Refusal }
}`),
  forms: {
    change: {
      operation: 'ChangePassword',
      input: ({ currentPassword = null, newPassword = '' }) => ({ currentPassword, newPassword }),
      done: () => ({ go: 'security?done=password' }),
    },
  },
  view: (shown) => {
    const { t, data } = shown;
    const { hasPassword } = data.account;
    return {
      title: hasPassword ? t.passwordPage.title : t.passwordPage.first,
      body: html`${proofNotice(shown)}${refusalNotice(shown, {
        INVALID_CREDENTIALS: t.passwordPage.wrong,
      })}
<p>${[t.passwordPage.text, ...staying(shown)].join(' ')}</p>
${form(
  '/account/security/password',
  html`
<input type="text" autocomplete="username" value="${data.me.email}" readonly hidden>
${hasPassword ? currentPassword(shown) : nothing}${newPassword(shown)}
<div class="actions">${button({ label: t.passwordPage.action })}</div>
`,
)}
<p class="aside"><a href="/account/security">${t.back}</a></p>`,
    };
  },
});

/** What a new password leaves as it is. */
function staying({ t, data }: Shown<Data>): string[] {
  const { passkeys, identities } = data.account;
  return [
    ...(passkeys.length > 0 ? [t.passkeys.stay] : []),
    ...(identities.length > 0 ? [t.identities.stay] : []),
  ];
}

function currentPassword(shown: Shown<Data>): Markup {
  return field(shown, {
    name: 'currentPassword',
    label: shown.t.passwordPage.current,
    type: 'password',
    autocomplete: 'current-password',
  });
}

function newPassword(shown: Shown<Data>): Markup {
  const { t, data } = shown;
  const { passwordMinLength } = data.authOptions;
  return field(shown, {
    name: 'newPassword',
    label: t.reset.newPassword,
    type: 'password',
    autocomplete: 'new-password',
    hint: t.passwordRule(passwordMinLength),
    minLength: passwordMinLength,
  });
}
