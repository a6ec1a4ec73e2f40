import { renderQrCode } from '../../../../domain/totp/qr-code.ts';
import { html, type Markup } from '../../markup.ts';
import { graphqlDocument } from '../answers.ts';
import { definePage, type Shown, type View } from '../page.ts';
import {
  button,
  field,
  form,
  hidden,
  nothing,
  notice,
  proofNotice,
  refusalNotice,
} from '../parts.ts';
import { codeList } from './recovery-codes.ts';

type Data = { readonly account: { readonly totpEnabled: boolean } };

/** Sets an authenticator app up, replaces it, or removes it. */
export const authenticator = definePage<Data>({
  path: 'security/authenticator',
  signedIn: true,
  document: graphqlDocument(`
query Show { ...Person account { totpEnabled } }
mutation StartTotp($input: StartTotpEnrollmentInput!) {
  result: startTotpEnrollment(input: $input) {
    __typename ... on TotpEnrollment { id uri } ...Refusal
  }
}
mutation ConfirmTotp($input: ConfirmTotpEnrollmentInput!) {
  result: confirmTotpEnrollment(input: $input) {
    __typename ... on RecoveryCodes { codes } ...Refusal
  }
}
mutation DisableTotp($input: DisableTotpInput!) {
  result: disableTotp(input: $input) { __typename ...Refusal }
}`),
  forms: {
    start: { operation: 'StartTotp', input: () => ({}), done: (result) => ({ show: result }) },
    confirm: {
      operation: 'ConfirmTotp',
      input: ({ enrollmentId = '', code = '' }) => ({ enrollmentId, code }),
      done: (result) => ({ show: result }),
    },
    remove: {
      operation: 'DisableTotp',
      input: () => ({}),
      done: () => ({ go: 'security?done=authenticator-off' }),
    },
  },
  view: (shown) => {
    const { t, result } = shown;
    if (result?.__typename === 'RecoveryCodes') return enabled(shown, result['codes']);
    const enrollment = enrollmentOf(shown);
    return {
      title: t.authenticatorPage.title,
      body: html`${proofNotice(shown)}${refusalNotice(shown)}
${enrollment === null ? choices(shown) : confirmation(shown, enrollment)}
<p class="aside"><a href="/account/security">${t.back}</a></p>`,
    };
  },
});

type Context = Shown<Data>;

function enabled({ t }: Context, codes: unknown): View {
  const list = codeList(t, codes as readonly string[]);
  return {
    title: t.authenticatorPage.title,
    body: html`${notice(t.codesPage.enabled)}<h2>${t.codesPage.title}</h2>${list}`,
  };
}

function choices({ t, data }: Context): Markup {
  const { totpEnabled } = data.account;
  const start = totpEnabled ? t.authenticatorPage.replace : t.authenticatorPage.begin;
  return html`<p>${totpEnabled ? t.authenticatorPage.isOn : t.authenticatorPage.why}</p>
${form(
  '/account/security/authenticator',
  html`<div class="actions">
${button({ label: start, form: 'start' })}
</div>`,
)}
${totpEnabled ? removal(t) : nothing}`;
}

function removal(t: Context['t']): Markup {
  return html`<h2>${t.authenticatorPage.remove}</h2>
${form(
  '/account/security/authenticator',
  html`
<p id="removal">${t.authenticatorPage.removeText}</p>
${button({
  label: t.authenticatorPage.remove,
  form: 'remove',
  kind: 'danger',
  describedBy: 'removal',
})}
`,
)}`;
}

/** In bytes; a QR code has room for some more. */
const longestUri = 2000;

type Enrollment = { readonly id: string; readonly uri: string | null };

/**
 * What waits for its first code: as it has just begun, or as the form sent it back, since it is
 * told once. After a proof only the id is left.
 */
function enrollmentOf({ result, fields }: Context): Enrollment | null {
  if (result !== null) return { id: String(result['id']), uri: String(result['uri']) };
  const { enrollmentId, uri = '' } = fields;
  if (enrollmentId === undefined) return null;
  const isOurs = uri.startsWith('otpauth://totp/') && Buffer.byteLength(uri) <= longestUri;
  return { id: enrollmentId, uri: isOurs ? uri : null };
}

function confirmation(shown: Context, { id, uri }: Enrollment): Markup {
  const { t } = shown;
  return html`${uri === null ? nothing : secret(t, uri)}
${form(
  '/account/security/authenticator',
  html`
${hidden('enrollmentId', id)}${uri === null ? nothing : hidden('uri', uri)}
${field(shown, {
  name: 'code',
  label: t.authenticatorPage.confirm,
  autocomplete: 'one-time-code',
  inputMode: 'numeric',
  maxLength: 40,
  ltr: true,
})}
<div class="actions">${button({ label: t.authenticatorPage.action, form: 'confirm' })}</div>
`,
)}
${form(
  '/account/security/authenticator',
  html`
${button({ label: t.authenticatorPage.startOver, form: 'start', kind: 'quiet' })}
`,
  { kind: 'aside' },
)}`;
}

/** The secret as a picture, as text and as a link. */
function secret(t: Context['t'], uri: string): Markup {
  // As it is, but for what ends an address: encoded it would weigh half as much again.
  const picture = `data:image/svg+xml,${renderQrCode(uri).replaceAll('#', '%23')}`;
  const key = new URL(uri).searchParams.get('secret') ?? '';
  return html`<p>${t.authenticatorPage.scan}</p>
<img class="qr" src="${picture}" alt="${t.authenticatorPage.picture}" width="228" height="228">
<p>${t.authenticatorPage.key}${t.colon}
<code class="key" dir="ltr">${key.match(/.{1,4}/g)?.join(' ') ?? ''}</code></p>
<p><a href="${uri}">${t.authenticatorPage.open}</a></p>`;
}
