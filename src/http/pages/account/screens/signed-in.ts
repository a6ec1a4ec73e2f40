import { html } from '../../markup.ts';
import { graphqlDocument } from '../answers.ts';
import { linkTo } from '../links.ts';
import { definePage, type Form } from '../page.ts';
import { nothing, proofNotice, refusalNotice } from '../parts.ts';

/** The ticket of a provider's answer, and the verifier that this browser has kept for it. */
const complete: Form['input'] = ({ ticket = '', codeVerifier = '' }) => ({ ticket, codeVerifier });

/**
 * Where a browser is back from another provider. It shows something only where that has led to
 * nothing (complete-identity.ts).
 */
export const signedIn = definePage<object>({
  path: 'signed-in',
  completesIdentity: true,
  document: graphqlDocument(`
mutation CompleteLogin($input: CompleteIdentityLoginInput!) {
  result: completeIdentityLogin(input: $input) { __typename ...Tokens ...Challenge ...Refusal }
}
mutation CompleteLink($input: CompleteIdentityLinkInput!) {
  result: completeIdentityLink(input: $input) { __typename ...Refusal }
}`),
  forms: {
    login: {
      operation: 'CompleteLogin',
      input: (...given) => ({ ...complete(...given), tokenDelivery: 'COOKIE' }),
    },
    link: {
      operation: 'CompleteLink',
      input: complete,
      done: () => ({ go: 'security/identities?done=linked', endsChallenge: true }),
    },
  },
  view: (shown) => {
    const { t, step, fields, refusal, isProved } = shown;
    const { returnTo } = step;
    const isEmpty = refusal === null && !isProved;
    const isLink = (refusal?.form ?? fields['form']) === 'link';
    const search = new URLSearchParams(returnTo === undefined ? {} : { return_to: returnTo });
    const [address, label] = isLink
      ? ['/account/security/identities', t.identities.title]
      : [linkTo('sign-in', search), t.forgot.signIn];
    const own = {
      PROVIDER_REFUSED: t.identities.refused,
      INVALID_OR_EXPIRED_TOKEN: t.identities.refused,
      INVALID_CREDENTIALS: t.identities.notAccepted,
      FORBIDDEN: t.register.closed,
      CONFLICT: t.identities.taken,
    };
    return {
      title: isLink ? t.identities.title : t.identities.signIn,
      body: html`${proofNotice(shown)}${refusalNotice(shown, own)}
${isEmpty ? html`<p>${t.codePage.nothing}</p>` : nothing}
<p><a href="${address}">${label}</a></p>`,
    };
  },
});
