import { html } from '../../markup.ts';
import { graphqlDocument } from '../answers.ts';
import { definePage } from '../page.ts';
import { button, field, form, proofNotice, refusalNotice } from '../parts.ts';

/** All that is stored about the person as a file, and the end of the account. */
export const data = definePage<object>({
  path: 'data',
  signedIn: true,
  document: graphqlDocument(`
query Show { ...Person }
mutation ExportAccount($input: ExportAccountInput!) {
  result: exportAccount(input: $input) {
    __typename ... on AccountExport { json createdAt } ...Refusal
  }
}
mutation DeleteAccount($input: DeleteAccountInput!) {
  result: deleteAccount(input: $input) { __typename ...Refusal }
}`),
  forms: {
    export: {
      operation: 'ExportAccount',
      input: () => ({}),
      isDownload: true,
      done: ({ json, createdAt }) => ({
        download: { name: `account-${String(createdAt).slice(0, 10)}.json`, text: String(json) },
      }),
    },
    delete: {
      operation: 'DeleteAccount',
      input: ({ confirmEmail = '' }) => ({ confirmEmail }),
      done: () => ({ signOut: 'deleted' }),
    },
  },
  view: (shown) => {
    const { t } = shown;
    return {
      title: t.data.title,
      body: html`${proofNotice(shown)}${refusalNotice(shown, { CONFLICT: t.data.lastAdmin })}
<h2>${t.data.export}</h2>
${form(
  '/account/data',
  html`<p>${t.data.exportText}</p>
${button({ label: t.data.download, form: 'export' })}
`,
  { isDownload: true },
)}
<h2>${t.data.delete}</h2>
${form(
  '/account/data',
  html`<p>${t.data.deleteText}</p>
${field(shown, {
  name: 'confirmEmail',
  label: t.data.confirm,
  type: 'email',
  autocomplete: 'off',
})}
${button({ label: t.data.deleteAction, form: 'delete', kind: 'danger' })}
`,
)}`,
    };
  },
});
