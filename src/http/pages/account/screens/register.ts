import { html } from '../../markup.ts';
import { graphqlDocument } from '../answers.ts';
import { linkTo } from '../links.ts';
import { definePage } from '../page.ts';
import { button, field, form, refusalNotice } from '../parts.ts';
import { otherWays, type Provider, startLogin } from '../provider-parts.ts';

type Data = {
  readonly authOptions: {
    readonly registrationOpen: boolean;
    readonly passwordMinLength: number;
    readonly identityProviders: readonly Provider[];
  };
};

export const register = definePage<Data>({
  path: 'register',
  beginsSignIn: true,
  document: graphqlDocument(`
query Show {
  authOptions { registrationOpen passwordMinLength identityProviders { id name } }
}
mutation Register($input: RegisterInput!) {
  result: register(input: $input) { __typename ...Challenge ...Refusal }
}`),
  forms: {
    register: {
      operation: 'Register',
      input: ({ email = '', password = '', name = '' }) => ({
        email,
        password,
        name: name.trim() === '' ? null : name,
      }),
    },
    provider: startLogin,
  },
  view: (shown) => {
    const { t, data, query } = shown;
    const { registrationOpen, passwordMinLength, identityProviders } = data.authOptions;
    const signIn = html`<p class="aside">${t.register.hasAccount}
<a href="${linkTo('sign-in', query)}">${t.register.signIn}</a></p>`;
    if (!registrationOpen)
      return { title: t.register.title, body: html`<p>${t.register.closed}</p>${signIn}` };
    return {
      title: t.register.title,
      body: html`${refusalNotice(shown)}
${form(
  linkTo('register', query),
  html`
${field(shown, { name: 'email', label: t.email, type: 'email', autocomplete: 'username' })}
${field(shown, {
  name: 'password',
  label: t.password,
  type: 'password',
  autocomplete: 'new-password',
  hint: t.passwordRule(passwordMinLength),
  minLength: passwordMinLength,
})}
${field(shown, {
  name: 'name',
  label: t.name,
  autocomplete: 'name',
  optional: true,
  maxLength: 100,
})}
<div class="actions">${button({ label: t.register.action })}</div>
`,
)}
${otherWays(shown, { action: linkTo('register', query), providers: identityProviders })}
${signIn}`,
    };
  },
});
