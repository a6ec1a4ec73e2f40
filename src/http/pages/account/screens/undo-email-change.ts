import { html } from '../../markup.ts';
import { graphqlDocument } from '../answers.ts';
import { linkToken } from '../link-token.ts';
import { definePage } from '../page.ts';
import { button, form, refusalNotice, tokenField } from '../parts.ts';

/** Takes a change of address back, with the token of the link that the old address was sent. */
export const undoEmailChange = definePage<object>({
  path: 'undo-email-change',
  document: graphqlDocument(`
mutation Undo($input: UndoEmailChangeInput!) {
  result: undoEmailChange(input: $input) { __typename ...Refusal }
}`),
  forms: {
    undo: {
      operation: 'Undo',
      input: ({ token = '' }) => ({ token: linkToken(token) }),
      done: () => ({ signOut: 'change-undone' }),
    },
  },
  view: (shown) => {
    const { t } = shown;
    return {
      title: t.undo.title,
      body: html`${refusalNotice(shown)}
<p>${t.undo.text}</p>
<p>${t.undo.effect}</p>
${form(
  '/account/undo-email-change',
  html`
${tokenField(shown)}
<div class="actions">${button({ label: t.undo.action, kind: 'danger' })}</div>
`,
)}
<p class="aside"><a href="/account">${t.cancel}</a></p>`,
    };
  },
});
