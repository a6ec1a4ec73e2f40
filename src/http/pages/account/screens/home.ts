import { html, type Markup } from '../../markup.ts';
import { graphqlDocument } from '../answers.ts';
import { addressOf } from '../links.ts';
import { definePage } from '../page.ts';
import { nothing } from '../parts.ts';

type Data = {
  readonly me: { readonly email: string };
  readonly account: { readonly hasPassword: boolean; readonly totpEnabled: boolean };
};

/** The home of an account: who is signed in, and what would protect it better. */
export const home = definePage<Data>({
  path: '',
  signedIn: true,
  document: graphqlDocument(`
query Show { ...Person account { hasPassword totpEnabled } }`),
  view: ({ t, data }) => {
    const { hasPassword, totpEnabled } = data.account;
    return {
      title: t.home.title,
      body: html`<p>${t.home.signedInAs} <bdi>${data.me.email}</bdi></p>
${
  hasPassword
    ? nothing
    : advice(t.home.noPassword, { path: 'security/password', label: t.home.choosePassword })
}
${
  totpEnabled
    ? nothing
    : advice(t.home.noFactor, { path: 'security/authenticator', label: t.home.addFactor })
}`,
    };
  },
});

function advice(text: string, { path, label }: { path: string; label: string }): Markup {
  return html`<p class="notice">${text} <a href="${addressOf(path)}">${label}</a></p>`;
}
