import { html } from '../../markup.ts';
import { graphqlDocument } from '../answers.ts';
import { linkTo, pathWith } from '../links.ts';
import { definePage } from '../page.ts';
import { button, doneNotice, field, form, refusalNotice } from '../parts.ts';

/** Has a link to a new password mailed; says the same for every address. */
export const forgotPassword = definePage<object>({
  path: 'forgot-password',
  document: graphqlDocument(`
mutation RequestReset($input: RequestPasswordResetInput!) {
  result: requestPasswordReset(input: $input) { __typename ...Refusal }
}`),
  forms: {
    request: {
      operation: 'RequestReset',
      input: ({ email = '' }) => ({ email }),
      done: (_result, { query }) => ({
        go: pathWith('forgot-password', query, { done: 'sent' }),
      }),
    },
  },
  view: (shown) => {
    const { t, query } = shown;
    return {
      title: t.forgot.title,
      body: html`${doneNotice(shown, { sent: t.forgot.sent })}${refusalNotice(shown)}
<p>${t.forgot.text}</p>
${form(
  linkTo('forgot-password', query),
  html`
${field(shown, { name: 'email', label: t.email, type: 'email', autocomplete: 'username' })}
<div class="actions">${button({ label: t.forgot.action })}</div>
`,
)}
<p class="aside"><a href="${linkTo('sign-in', query)}">${t.forgot.signIn}</a></p>`,
    };
  },
});
