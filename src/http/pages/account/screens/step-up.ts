import { html } from '../../markup.ts';
import { graphqlDocument } from '../answers.ts';
import { addressOf } from '../links.ts';
import { definePage } from '../page.ts';
import { button, field, form, nothing, refusalNotice } from '../parts.ts';

type Data = {
  readonly account: { readonly hasPassword: boolean; readonly passkeys: readonly unknown[] };
};

/**
 * Proves again who is there, by the password, a mailed code or a passkey; what waits for it then
 * goes on.
 */
export const stepUp = definePage<Data>({
  path: 'step-up',
  signedIn: true,
  document: graphqlDocument(`
query Show { ...Person account { hasPassword passkeys { id } } }
mutation Reauthenticate($input: ReauthenticateInput!) {
  result: reauthenticate(input: $input) { __typename ...Tokens ...Challenge ...Refusal }
}`),
  forms: {
    password: {
      operation: 'Reauthenticate',
      input: ({ password = '' }) => ({ password, tokenDelivery: 'COOKIE' }),
    },
    code: { operation: 'Reauthenticate', input: () => ({ tokenDelivery: 'COOKIE' }) },
    passkey: { operation: 'Reauthenticate', input: () => ({ tokenDelivery: 'COOKIE' }) },
  },
  view: (shown) => {
    const { t, data, step } = shown;
    const back = addressOf(step.pending?.path ?? '');
    const byPassword = html`${form(
      '/account/step-up',
      html`
${field(shown, {
  name: 'password',
  label: t.password,
  type: 'password',
  autocomplete: 'current-password',
})}
<div class="actions">${button({ label: t.stepUp.action, form: 'password' })}
${button({ label: t.stepUp.sendCode, form: 'code', kind: 'quiet', unchecked: true })}</div>
`,
    )}`;
    const byCode = html`<p>${t.stepUp.noPassword}</p>
${form(
  '/account/step-up',
  html`
<div class="actions">${button({ label: t.stepUp.sendCode, form: 'code' })}</div>
`,
)}`;
    const hasPasskey = shown.takesPasskeys && data.account.passkeys.length > 0;
    return {
      title: t.stepUp.title,
      hasCeremony: hasPasskey,
      body: html`${refusalNotice(shown, { INVALID_CREDENTIALS: t.stepUp.wrong })}
<p>${t.stepUp.text}</p>
${data.account.hasPassword ? byPassword : byCode}
${
  hasPasskey
    ? html`<form method="post" action="/account/step-up" data-webauthn hidden>
<div class="actions">${button({ label: t.passkeys.use, form: 'passkey', kind: 'quiet' })}</div>
</form>`
    : nothing
}
<p class="aside"><a href="${back}">${t.cancel}</a></p>`,
    };
  },
});
