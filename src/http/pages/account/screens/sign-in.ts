import { html, type Markup } from '../../markup.ts';
import { type Ceremony, graphqlDocument } from '../answers.ts';
import { linkTo } from '../links.ts';
import { definePage, type Shown } from '../page.ts';
import { button, doneNotice, field, form, hidden, nothing, refusalNotice } from '../parts.ts';
import { assertionForm, ceremonyForm, passkeyRefusals, verifyOperation } from '../passkey-parts.ts';
import { otherWays, type Provider, startLogin } from '../provider-parts.ts';

type Data = {
  readonly authOptions: {
    readonly registrationOpen: boolean;
    readonly identityProviders: readonly Provider[];
  };
  /** A refusal past a limit. */
  readonly offer?: ({ readonly __typename: 'PasskeyChallenge' } & Ceremony) | AuthError;
};

type AuthError = { readonly __typename: 'AuthError' };

/**
 * Address and password, a code by mail, a passkey, or another provider; what follows is told by the
 * answer.
 */
export const signIn = definePage<Data>({
  path: 'sign-in',
  beginsSignIn: true,
  document: graphqlDocument(`
query Show { authOptions { registrationOpen identityProviders { id name } } }
mutation SignIn($input: LoginInput!) {
  result: login(input: $input) { __typename ...Tokens ...Challenge ...Refusal }
}
mutation RequestCode($input: RequestLoginCodeInput!) {
  result: requestLoginCode(input: $input) { __typename ...Challenge ...Refusal }
}
mutation Offer($input: RequestPasskeyLoginInput!) {
  offer: requestPasskeyLogin(input: $input) { __typename ...Ceremony }
}
${verifyOperation}`),
  forms: {
    password: {
      operation: 'SignIn',
      input: ({ email = '', password = '' }) => ({ email, password, tokenDelivery: 'COOKIE' }),
    },
    code: { operation: 'RequestCode', input: ({ email = '' }) => ({ email }) },
    passkey: assertionForm,
    provider: startLogin,
  },
  view: (shown) => {
    const { t, data, query } = shown;
    const ceremony = data.offer?.__typename === 'PasskeyChallenge' ? data.offer : null;
    const autocomplete = ceremony === null ? 'username' : 'username webauthn';
    return {
      title: t.signIn.title,
      hasCeremony: ceremony !== null,
      body: html`${doneNotice(shown, t.signIn.done)}${refusalNotice(shown, passkeyRefusals(shown))}
${form(
  linkTo('sign-in', query),
  html`
${field(shown, { name: 'email', label: t.email, type: 'email', autocomplete })}
${field(shown, {
  name: 'password',
  label: t.password,
  type: 'password',
  autocomplete: 'current-password',
})}
${ceremony === null ? nothing : hidden('offer', '')}
<p><a href="${linkTo('forgot-password', query)}">${t.signIn.forgot}</a></p>
<div class="actions">${button({ label: t.signIn.action, form: 'password' })}
${button({ label: t.signIn.byCode, form: 'code', kind: 'quiet', unchecked: true })}</div>
`,
)}
${ceremony === null ? nothing : byPasskey(shown, ceremony)}
${otherWays(shown, {
  action: linkTo('sign-in', query),
  providers: data.authOptions.identityProviders,
})}
${
  data.authOptions.registrationOpen
    ? html`<p class="aside">${t.signIn.noAccount}
<a href="${linkTo('register', query)}">${t.signIn.register}</a></p>`
    : nothing
}`,
    };
  },
});

function byPasskey(shown: Shown<Data>, ceremony: Ceremony): Markup {
  return ceremonyForm(shown, {
    action: linkTo('sign-in', shown.query),
    form: 'passkey',
    label: shown.t.passkeys.signIn,
    ceremony,
    autofill: true,
  });
}
