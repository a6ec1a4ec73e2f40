import { html } from '../../markup.ts';
import { graphqlDocument } from '../answers.ts';
import { linkTo, pathWith } from '../links.ts';
import { definePage } from '../page.ts';
import { refusalNotice } from '../parts.ts';
import { registration, registrationForms, registrationOperations } from '../passkey-parts.ts';

/**
 * Offers a passkey after a sign-in with a password, once (offer-passkey.ts). Both ways out lead to
 * the sign-in, which leads on whoever is signed in to where they were to go.
 */
export const addPasskey = definePage<object>({
  path: 'add-passkey',
  signedIn: true,
  document: graphqlDocument(`
query Show { ...Person }
${registrationOperations}`),
  forms: registrationForms(({ query }) => ({ go: pathWith('sign-in', query) })),
  view: (shown) => {
    const { t, query } = shown;
    return {
      title: t.passkeys.offer,
      hasCeremony: true,
      body: html`${refusalNotice(shown)}
<p>${t.passkeys.why}</p>
${registration(shown, { action: linkTo('add-passkey', query), kind: 'main' })}
<p class="aside"><a href="${linkTo('sign-in', query)}">${t.passkeys.later}</a></p>`,
    };
  },
});
