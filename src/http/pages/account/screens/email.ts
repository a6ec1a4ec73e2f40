import { html, type Markup } from '../../markup.ts';
import { graphqlDocument } from '../answers.ts';
import { definePage, type Shown, type Visitor } from '../page.ts';
import { button, field, form, refusalNotice } from '../parts.ts';
import { codeField, resendForm, resentNotice } from './code.ts';

type Data = { readonly me: { readonly email: string } };

/** Changes the address: the new one is asked for, then the code that went there. */
export const email = definePage<Data>({
  path: 'security/email',
  signedIn: true,
  document: graphqlDocument(`
query Show { ...Person }
mutation RequestEmailChange($input: RequestEmailChangeInput!) {
  result: requestEmailChange(input: $input) { __typename ...Challenge ...Refusal }
}
mutation ConfirmEmailChange($input: ConfirmEmailChangeInput!) {
  result: confirmEmailChange(input: $input) { __typename ...Refusal }
}
mutation Resend($input: ResendOtpInput!) {
  result: resendOtp(input: $input) { __typename ...Challenge ...Refusal }
}`),
  forms: {
    request: {
      operation: 'RequestEmailChange',
      input: ({ newEmail = '' }) => ({ newEmail }),
    },
    confirm: {
      operation: 'ConfirmEmailChange',
      input: ({ code = '' }, visitor) => ({ challengeId: challengeOf(visitor)?.id ?? '', code }),
      done: () => ({ go: 'security?done=email', endsChallenge: true }),
    },
    resend: {
      operation: 'Resend',
      input: (_fields, visitor) => ({ challengeId: challengeOf(visitor)?.id ?? '' }),
    },
  },
  view: (shown) => {
    const isAwaited = challengeOf(shown) !== undefined && !shown.query.has('another');
    return {
      title: shown.t.emailPage.title,
      body: html`${resentNotice(shown)}${refusalNotice(shown)}
${isAwaited && shown.refusal?.form !== 'request' ? confirmation(shown) : request(shown)}
<p class="aside"><a href="/account/security">${shown.t.back}</a></p>`,
    };
  },
});

/** What this browser has begun, if that is a change of address. */
function challengeOf({ step }: Pick<Visitor, 'step'>): Visitor['step']['challenge'] {
  return step.challenge?.purpose === 'CHANGE_EMAIL' ? step.challenge : undefined;
}

function request(shown: Shown<Data>): Markup {
  const { t, data } = shown;
  return html`<p>${t.emailPage.now}${t.colon}<bdi>${data.me.email}</bdi></p>
${form(
  '/account/security/email',
  html`
${field(shown, {
  name: 'newEmail',
  label: t.emailPage.newEmail,
  type: 'email',
  autocomplete: 'email',
  hint: t.emailPage.text,
})}
<div class="actions">${button({ label: t.emailPage.action, form: 'request' })}</div>
`,
)}`;
}

function confirmation(shown: Shown<Data>): Markup {
  const { t, step } = shown;
  return html`<p>${t.codePage.sent(step.challenge?.sentTo ?? '')}</p>
${form(
  '/account/security/email',
  html`${codeField(shown)}
<div class="actions">${button({ label: t.emailPage.confirm, form: 'confirm' })}</div>
`,
)}
${resendForm(shown, '/account/security/email')}
<p><a href="/account/security/email?another">${t.emailPage.other}</a></p>`;
}
