import { html } from '../../markup.ts';
import { graphqlDocument } from '../answers.ts';
import { linkToken } from '../link-token.ts';
import { linkTo } from '../links.ts';
import { definePage } from '../page.ts';
import { button, field, form, refusalNotice, tokenField } from '../parts.ts';

type Data = { readonly authOptions: { readonly passwordMinLength: number } };

/** Sets a new password with the token of a mailed link; invitations lead here too. */
export const resetPassword = definePage<Data>({
  path: 'reset-password',
  document: graphqlDocument(`
query Show { authOptions { passwordMinLength } }
mutation Reset($input: ResetPasswordInput!) {
  result: resetPassword(input: $input) { __typename ...Refusal }
}`),
  forms: {
    reset: {
      operation: 'Reset',
      input: ({ token = '', newPassword = '' }) => ({ token: linkToken(token), newPassword }),
      done: () => ({ go: 'sign-in?done=password-reset' }),
    },
  },
  view: (shown) => {
    const { t, data, query } = shown;
    const { passwordMinLength } = data.authOptions;
    return {
      title: t.reset.title,
      body: html`${refusalNotice(shown)}
${form(
  '/account/reset-password',
  html`
${tokenField(shown)}
${field(shown, {
  name: 'newPassword',
  label: t.reset.newPassword,
  type: 'password',
  autocomplete: 'new-password',
  hint: t.passwordRule(passwordMinLength),
  minLength: passwordMinLength,
})}
<p class="hint">${t.reset.text}</p>
<div class="actions">${button({ label: t.reset.action })}</div>
`,
)}
<p class="aside"><a href="${linkTo('forgot-password', query)}">${t.reset.again}</a></p>`,
    };
  },
});
