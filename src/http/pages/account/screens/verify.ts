import { html } from '../../markup.ts';
import { graphqlDocument } from '../answers.ts';
import { linkToken } from '../link-token.ts';
import { definePage } from '../page.ts';
import { button, field, form, nothing, refusalNotice, tokenField } from '../parts.ts';

/**
 * Completes a registration or a sign-in by a mail's link. The browser that began it shows its
 * challenge; another one may type the password of the registration.
 */
export const verify = definePage<object>({
  path: 'verify',
  document: graphqlDocument(`
mutation VerifyLink($input: VerifyLinkInput!) {
  result: verifyLink(input: $input) { __typename ...Tokens ...Challenge ...Refusal }
}`),
  forms: {
    verify: {
      operation: 'VerifyLink',
      input: ({ token = '', password = '' }, { step }) => ({
        token: linkToken(token),
        challengeId: step.challenge?.id ?? null,
        password: password === '' ? null : password,
        tokenDelivery: 'COOKIE',
      }),
    },
  },
  view: (shown) => {
    const { t, step } = shown;
    const password = field(shown, {
      name: 'password',
      label: t.verify.password,
      type: 'password',
      autocomplete: 'current-password',
      hint: t.verify.passwordHint,
      optional: true,
    });
    return {
      title: t.verify.title,
      body: html`${refusalNotice(shown, { INVALID_CREDENTIALS: t.verify.wrong })}
<p>${t.verify.text}</p>
${form(
  '/account/verify',
  html`
${tokenField(shown)}
${step.challenge === undefined ? password : nothing}
<div class="actions">${button({ label: t.verify.action })}</div>
`,
)}
<p class="aside"><a href="/account/sign-in">${t.forgot.signIn}</a></p>`,
    };
  },
});
