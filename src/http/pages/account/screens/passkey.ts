import { html, type Markup } from '../../markup.ts';
import { graphqlDocument } from '../answers.ts';
import { definePage, type Shown } from '../page.ts';
import { button, field, form, hidden, proofNotice, refusalNotice } from '../parts.ts';
import { description, type Passkey } from './passkeys.ts';

type Data = { readonly account: { readonly passkeys: readonly Passkey[] } };

/** One passkey, named in the address: its name, and its end. */
export const passkey = definePage<Data>({
  path: 'security/passkey',
  signedIn: true,
  document: graphqlDocument(`
query Show {
  ...Person
  account { passkeys { id name createdAt lastUsedAt synced provider } }
}
mutation RenamePasskey($input: RenamePasskeyInput!) {
  result: renamePasskey(input: $input) { __typename ...Refusal }
}
mutation RemovePasskey($input: RemovePasskeyInput!) {
  result: removePasskey(input: $input) { __typename ...Refusal }
}`),
  forms: {
    rename: {
      operation: 'RenamePasskey',
      input: ({ passkeyId = '', name = '' }) => ({ passkeyId, name }),
      done: () => ({ go: 'security/passkeys?done=renamed' }),
    },
    remove: {
      operation: 'RemovePasskey',
      input: ({ passkeyId = '' }) => ({ passkeyId }),
      done: () => ({ go: 'security/passkeys?done=removed' }),
    },
  },
  view: (shown) => {
    const { t, data, fields, query } = shown;
    const id = fields['passkeyId'] ?? query.get('passkey');
    const found = data.account.passkeys.find((one) => one.id === id);
    const problem = refusalNotice(shown, { CONFLICT: t.passkeys.lastWay });
    return {
      title: t.passkeys.one,
      body: html`${proofNotice(shown)}${problem}
${found === undefined ? html`<p>${t.refusals.NOT_FOUND}</p>` : details(shown, found)}
<p class="aside"><a href="/account/security/passkeys">${t.back}</a></p>`,
    };
  },
});

function details(shown: Shown<Data>, found: Passkey): Markup {
  const { t } = shown;
  const action = `/account/security/passkey?${new URLSearchParams({ passkey: found.id })}`;
  return html`${description(shown, found)}
${form(
  action,
  html`${hidden('passkeyId', found.id)}
${field(shown, {
  name: 'name',
  label: t.name,
  autocomplete: 'off',
  value: found.name,
  hint: t.passkeys.nameHint,
  maxLength: 100,
})}
<div class="actions">${button({ label: t.passkeys.rename, form: 'rename', kind: 'quiet' })}</div>
`,
)}
<h2>${t.passkeys.remove}</h2>
${form(
  action,
  html`${hidden('passkeyId', found.id)}
<p id="removal">${t.passkeys.removeText}</p>
${button({ label: t.passkeys.remove, form: 'remove', kind: 'danger', describedBy: 'removal' })}
`,
)}`;
}
