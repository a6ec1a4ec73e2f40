import { localeOf } from '../../../../domain/emails/locales.ts';
import { html } from '../../markup.ts';
import { graphqlDocument } from '../answers.ts';
import { languageNames } from '../language.ts';
import { definePage, type Shown } from '../page.ts';
import { button, choice, doneNotice, field, form, proofNotice, refusalNotice } from '../parts.ts';

type Data = {
  readonly me: { readonly name: string | null };
  readonly account: { readonly locale: string | null };
};

/** Name and language; a field that is emptied is taken away. */
export const profile = definePage<Data>({
  path: 'profile',
  signedIn: true,
  document: graphqlDocument(`
query Show { ...Person }
mutation Update($input: UpdateProfileInput!) {
  result: updateProfile(input: $input) { __typename ...Refusal }
}`),
  forms: {
    profile: {
      operation: 'Update',
      input: ({ name = '', locale = '' }) => ({
        name: name.trim() === '' ? null : name,
        locale: locale === '' ? null : locale,
      }),
      done: (_result, { fields }) => ({
        go: 'profile?done=saved',
        language: localeOf(fields['locale'] ?? ''),
      }),
    },
  },
  view: (shown) => {
    const { t, data } = shown;
    return {
      title: t.profile.title,
      body: html`${doneNotice(shown, { saved: t.profile.saved })}${proofNotice(shown)}
${refusalNotice(shown)}
${form(
  '/account/profile',
  html`
${field(shown, {
  name: 'name',
  label: t.name,
  autocomplete: 'name',
  value: data.me.name ?? '',
  optional: true,
  maxLength: 100,
})}
${choice(shown, {
  name: 'locale',
  label: t.profile.language,
  value: data.account.locale ?? '',
  options: languageOptions(shown),
})}
<div class="actions">${button({ label: t.save, form: 'profile' })}</div>
`,
)}`,
    };
  },
});

function languageOptions({ t }: Shown<Data>): { value: string; label: string }[] {
  const languages = Object.entries(languageNames).map(([value, label]) => ({ value, label }));
  return [{ value: '', label: t.profile.browserLanguage }, ...languages];
}
