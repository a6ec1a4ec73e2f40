import { html, type Markup } from '../../markup.ts';
import { graphqlDocument } from '../answers.ts';
import type { Messages } from '../messages/messages.ts';
import { definePage } from '../page.ts';
import { button, form, refusalNotice } from '../parts.ts';

type Data = {
  readonly account: { readonly totpEnabled: boolean; readonly recoveryCodesLeft: number };
};

/** How many recovery codes are left, and a new set in place of them. */
export const recoveryCodes = definePage<Data>({
  path: 'security/recovery-codes',
  signedIn: true,
  document: graphqlDocument(`
query Show { ...Person account { totpEnabled recoveryCodesLeft } }
mutation RegenerateRecoveryCodes($input: RegenerateRecoveryCodesInput!) {
  result: regenerateRecoveryCodes(input: $input) {
    __typename ... on RecoveryCodes { codes } ...Refusal
  }
}`),
  forms: {
    regenerate: {
      operation: 'RegenerateRecoveryCodes',
      input: () => ({}),
      done: (result) => ({ show: result }),
    },
  },
  view: (shown) => {
    const { t, data, result } = shown;
    const { totpEnabled, recoveryCodesLeft } = data.account;
    const title = t.codesPage.title;
    if (result !== null) return { title, body: codeList(t, result['codes'] as readonly string[]) };
    const back = html`<p class="aside"><a href="/account/security">${t.back}</a></p>`;
    if (!totpEnabled)
      return {
        title,
        body: html`${refusalNotice(shown)}<p>${t.codesPage.withoutApp}</p>
<p><a href="/account/security/authenticator">${t.authenticatorPage.begin}</a></p>${back}`,
      };
    return {
      title,
      body: html`${refusalNotice(shown)}
<p><strong>${t.security.codesLeft(recoveryCodesLeft)}</strong></p>
<p>${t.codesPage.text}</p>
${form(
  '/account/security/recovery-codes',
  html`
<div class="actions">${button({ label: t.codesPage.again })}</div>
`,
)}
${back}`,
    };
  },
});

/** A new set, which is shown once. */
export function codeList(t: Messages, codes: readonly string[]): Markup {
  return html`<p>${t.codesPage.keep}</p>
<ul class="codes" dir="ltr">${codes.map((code) => html`<li>${code}</li>`)}</ul>
<div class="actions"><a class="button main" href="/account/security">${t.codesPage.done}</a></div>`;
}
