import { html, type Markup } from '../../markup.ts';
import { graphqlDocument } from '../answers.ts';
import { addressOf, linkTo } from '../links.ts';
import { definePage, type Shown } from '../page.ts';
import { button, doneNotice, field, form, nothing, refusalNotice, timeUntil } from '../parts.ts';
import { assertionForm, ceremonyForm, passkeyRefusals, verifyOperation } from '../passkey-parts.ts';

/**
 * Meets the challenge that this browser has begun: a mailed code, an app's, a recovery code, a
 * passkey.
 */
export const code = definePage<object>({
  path: 'code',
  document: graphqlDocument(`
mutation Verify($input: VerifyOtpInput!) {
  result: verifyOtp(input: $input) { __typename ...Tokens ...Challenge ...Refusal }
}
mutation Resend($input: ResendOtpInput!) {
  result: resendOtp(input: $input) { __typename ...Challenge ...Refusal }
}
${verifyOperation}`),
  forms: {
    verify: {
      operation: 'Verify',
      input: ({ code: typed = '' }, { step }) => ({
        challengeId: step.challenge?.id ?? '',
        code: typed,
        tokenDelivery: 'COOKIE',
      }),
    },
    resend: {
      operation: 'Resend',
      input: (_fields, { step }) => ({ challengeId: step.challenge?.id ?? '' }),
    },
    passkey: assertionForm,
  },
  view: (shown) => {
    const { t, step, query } = shown;
    if (step.challenge === undefined) {
      const begin = html`<p><a href="${linkTo('sign-in', query)}">${t.codePage.begin}</a></p>`;
      return { title: t.codePage.title, body: html`<p>${t.codePage.nothing}</p>${begin}` };
    }
    return {
      title: t.codePage.title,
      hasCeremony: hasPasskey(shown),
      body: html`${resentNotice(shown)}${refusalNotice(shown, refusals(shown))}
${whereFrom(shown)}
${form(
  linkTo('code', query),
  html`${codeField(shown)}
<div class="actions">${button({ label: t.codePage.action, form: 'verify' })}</div>
`,
)}
${byPasskey(shown)}
${resendForm(shown, linkTo('code', query))}
${wayBack(shown)}`,
    };
  },
});

type Context = Shown<unknown>;

/** A sign-in by another provider may end here, too. */
function refusals(shown: Context): Readonly<Record<string, string>> {
  return { INVALID_CREDENTIALS: shown.t.identities.notAccepted, ...passkeyRefusals(shown) };
}

function hasPasskey({ takesPasskeys, step }: Context): boolean {
  return takesPasskeys && step.challenge?.passkey != null;
}

function byPasskey(shown: Context): Markup {
  const { t, step, query } = shown;
  const ceremony = step.challenge?.passkey;
  if (!shown.takesPasskeys || ceremony == null) return nothing;
  return ceremonyForm(shown, {
    action: linkTo('code', query),
    form: 'passkey',
    label: t.passkeys.use,
    ceremony,
    begins: query.get('by') === 'passkey' && shown.refusal === null,
  });
}

/** To the sign-in, or out of the proof that an account's session asked for. */
function wayBack({ t, step }: Context): Markup {
  const { challenge, pending, returnTo } = step;
  const search = new URLSearchParams(returnTo === undefined ? {} : { return_to: returnTo });
  const [address, label] =
    challenge?.purpose === 'STEP_UP'
      ? [addressOf(pending?.path ?? ''), t.cancel]
      : [linkTo('sign-in', search), t.forgot.signIn];
  return html`<p><a href="${address}">${label}</a></p>`;
}

/** What to type and where it comes from. */
function whereFrom({ t, step }: Context): Markup {
  const { sentTo = null, methods = [], purpose } = step.challenge ?? {};
  const isLink = purpose === 'LINK_IDENTITY';
  const hasLink = sentTo !== null && purpose !== 'STEP_UP' && !isLink;
  const lines = [
    isLink ? [html`<p>${t.identities.proveAddress}</p>`] : [],
    sentTo === null ? [] : [html`<p>${t.codePage.sent(sentTo)}</p>`],
    hasLink ? [html`<p class="hint">${t.codePage.sentLink}</p>`] : [],
    methods.includes('TOTP') ? [html`<p>${t.codePage.app}</p>`] : [],
    methods.includes('RECOVERY_CODE') ? [html`<p class="hint">${t.codePage.recovery}</p>`] : [],
  ];
  return html`${lines.flat()}`;
}

/** One field for every kind of code; it may be pasted, and is never sent by itself. */
export function codeField(shown: Context): Markup {
  const isMailed = shown.step.challenge?.methods.includes('RECOVERY_CODE') !== true;
  return field(shown, {
    name: 'code',
    label: shown.t.code,
    autocomplete: 'one-time-code',
    ltr: true,
    maxLength: 40,
    ...(isMailed ? { inputMode: 'numeric' as const } : {}),
  });
}

export function resentNotice(shown: Context): Markup {
  return doneNotice(shown, { sent: shown.t.codePage.resent });
}

/** A button for another code, and how long until it works, which the script counts down. */
export function resendForm({ t, step, locale, now }: Context, action: string): Markup {
  const from = step.challenge?.resendAvailableAt ?? null;
  if (from === null) return nothing;
  const seconds = Math.ceil((Date.parse(from) - now.getTime()) / 1000);
  return form(
    action,
    html`
${button({ label: t.codePage.resend, form: 'resend', kind: 'quiet' })}
${seconds > 0 ? wait(t, { seconds, when: timeUntil(locale, seconds) }) : nothing}
`,
    { kind: 'aside' },
  );
}

type Wait = { readonly seconds: number; readonly when: string };

function wait(t: Context['t'], { seconds, when }: Wait): Markup {
  const [before = '', after = ''] = t.codePage.resendIn('\n').split('\n');
  return html`<p class="hint" data-wait="${seconds}">${before}<span>${when}</span>${after}</p>`;
}
