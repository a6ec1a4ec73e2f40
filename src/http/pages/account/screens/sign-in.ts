import { html } from '../../markup.ts';
import { graphqlDocument } from '../answers.ts';
import { linkTo } from '../links.ts';
import { definePage } from '../page.ts';
import { button, doneNotice, field, form, nothing, refusalNotice } from '../parts.ts';

type Data = { readonly authOptions: { readonly registrationOpen: boolean } };

/** Address and password, or a code by mail; everything that follows is told by the answer. */
export const signIn = definePage<Data>({
  path: 'sign-in',
  beginsSignIn: true,
  document: graphqlDocument(`
query Show { authOptions { registrationOpen } }
mutation SignIn($input: LoginInput!) {
  result: login(input: $input) { __typename ...Tokens ...Challenge ...Refusal }
}
mutation RequestCode($input: RequestLoginCodeInput!) {
  result: requestLoginCode(input: $input) { __typename ...Challenge ...Refusal }
}`),
  forms: {
    password: {
      operation: 'SignIn',
      input: ({ email = '', password = '' }) => ({ email, password, tokenDelivery: 'COOKIE' }),
    },
    code: { operation: 'RequestCode', input: ({ email = '' }) => ({ email }) },
  },
  view: (shown) => {
    const { t, data, query } = shown;
    return {
      title: t.signIn.title,
      body: html`${doneNotice(shown, t.signIn.done)}${refusalNotice(shown)}
${form(
  linkTo('sign-in', query),
  html`
${field(shown, { name: 'email', label: t.email, type: 'email', autocomplete: 'username' })}
${field(shown, {
  name: 'password',
  label: t.password,
  type: 'password',
  autocomplete: 'current-password',
})}
<p><a href="${linkTo('forgot-password', query)}">${t.signIn.forgot}</a></p>
<div class="actions">${button({ label: t.signIn.action, form: 'password' })}
${button({ label: t.signIn.byCode, form: 'code', kind: 'quiet', unchecked: true })}</div>
`,
)}
${
  data.authOptions.registrationOpen
    ? html`<p class="aside">${t.signIn.noAccount}
<a href="${linkTo('register', query)}">${t.signIn.register}</a></p>`
    : nothing
}`,
    };
  },
});
