import { html } from '../../markup.ts';
import { graphqlDocument } from '../answers.ts';
import { definePage } from '../page.ts';
import { button, form, refusalNotice } from '../parts.ts';

/** Ends the session of this browser. It is no page of an account: a session that is over may go. */
export const signOut = definePage<object>({
  path: 'sign-out',
  document: graphqlDocument(`
mutation SignOut($input: LogoutInput!) {
  result: logout(input: $input) { __typename ...Refusal }
}`),
  forms: {
    'sign-out': {
      operation: 'SignOut',
      input: () => ({}),
      done: () => ({ signOut: 'signed-out' }),
    },
  },
  view: (shown) => {
    const { t } = shown;
    return {
      title: t.signOut.title,
      body: html`${refusalNotice(shown)}
<p>${t.signOut.text}</p>
${form(
  '/account/sign-out',
  html`
<div class="actions">${button({ label: t.signOut.action })}</div>`,
)}
<p class="aside"><a href="/account">${t.cancel}</a></p>`,
    };
  },
});
