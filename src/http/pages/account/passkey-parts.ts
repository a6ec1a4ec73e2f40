import { html, type Markup } from '../markup.ts';
import type { Ceremony, Other } from './answers.ts';
import type { Fields, Form, Next, Shown, Visitor } from './page.ts';
import { attributes, button, field, hidden, nothing } from './parts.ts';

type Context = Pick<Shown<unknown>, 't' | 'fields' | 'refusal' | 'locale' | 'now'>;

type CeremonyOptions = {
  readonly action: string;
  /** The form of the page that takes the browser's answer. */
  readonly form: string;
  readonly label: string;
  readonly ceremony: Ceremony;
  readonly kind?: 'main' | 'quiet';
  /** Offered in the list below the address field, too. */
  readonly autofill?: true;
  /** Begins by itself, since a button of the page before has asked for it. */
  readonly begins?: boolean;
  /** What else the form has. */
  readonly body?: Markup;
};

/**
 * A form that the script fills in with what the browser gives: hidden until the script finds that
 * the browser has passkeys.
 */
export function ceremonyForm(context: Context, options: CeremonyOptions): Markup {
  const { ceremony, kind = 'quiet' } = options;
  const given = attributes({
    action: options.action,
    'data-webauthn': '',
    'data-passkey': JSON.stringify(ceremony.options),
    'data-life': Math.ceil((Date.parse(ceremony.expiresAt) - context.now.getTime()) / 1000),
    'data-autofill': options.autofill,
    'data-begins': options.begins,
    'data-unknown': unknownCredential(context),
    ...texts(context, 'user' in ceremony.options),
  });
  return html`<form method="post"${given} hidden>
${hidden('challengeId', ceremony.id)}${hidden('credential', '')}
${options.body ?? nothing}
<div class="actions">${button({ label: options.label, form: options.form, kind })}</div>
<p class="hint" role="status"></p>
</form>`;
}

/** What the script says where the browser gave nothing. */
function texts({ t }: Context, creates: boolean): Record<string, string | undefined> {
  return {
    'data-cancelled': creates ? t.passkeys.notCreated : t.passkeys.cancelled,
    'data-exists': creates ? t.passkeys.exists : undefined,
    'data-failed': t.passkeys.failed,
  };
}

/** Of which the password manager is told that the server has it no more. */
function unknownCredential({ refusal, fields }: Context): string | undefined {
  if (refusal?.code !== 'UNKNOWN_PASSKEY') return undefined;
  const { id } = jsonObject(fields['credential'] ?? '');
  return typeof id === 'string' ? id : undefined;
}

/** For a page whose form was refused by a passkey: its own sentence for that. */
export function passkeyRefusals({ t, refusal }: Context): Readonly<Record<string, string>> {
  return refusal?.form === 'passkey' ? { INVALID_CREDENTIALS: t.passkeys.wrong } : {};
}

/** The form `passkey` of a page: what a browser gave to sign in or to prove who is there. */
export const assertionForm: Form = {
  operation: 'VerifyPasskey',
  input: (fields) => ({ ...givenIn(fields), tokenDelivery: 'COOKIE' }),
};

export const verifyOperation = `
mutation VerifyPasskey($input: VerifyPasskeyInput!) {
  result: verifyPasskey(input: $input) { __typename ...Tokens ...Challenge ...Refusal }
}`;

export const registrationOperations = `
mutation StartPasskey($input: StartPasskeyRegistrationInput!) {
  result: startPasskeyRegistration(input: $input) { __typename ...Ceremony ...Refusal }
}
mutation ConfirmPasskey($input: ConfirmPasskeyRegistrationInput!) {
  result: confirmPasskeyRegistration(input: $input) { __typename ...Refusal }
}`;

/** The forms of a page that adds a passkey; `next` is where it leads to. */
export function registrationForms(next: (visitor: Visitor) => Next): Record<string, Form> {
  return {
    start: { operation: 'StartPasskey', input: () => ({}), done: (result) => ({ show: result }) },
    confirm: {
      operation: 'ConfirmPasskey',
      input: (fields) => ({ ...givenIn(fields), name: fields['name']?.trim() || null }),
      done: (_result, visitor) => next(visitor),
    },
  };
}

function givenIn({ challengeId = '', credential = '' }: Fields): Readonly<Record<string, unknown>> {
  return { challengeId, credential: jsonObject(credential) };
}

/** An empty object for what is none: the API refuses it as it refuses any other credential. */
function jsonObject(text: string): { readonly id?: unknown } {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
  } catch {
    return {};
  }
}

/** Asks for a new passkey, or, once the server has its challenge, has the browser make one. */
export function registration(
  shown: Shown<unknown>,
  { action, kind = 'quiet' }: { readonly action: string; readonly kind?: 'main' | 'quiet' },
): Markup {
  const { t, result } = shown;
  const unsupported = html`<p class="hint" data-webauthn>${t.passkeys.unsupported}</p>`;
  if (!shown.takesPasskeys) return html`<p class="hint">${t.passkeys.unsupported}</p>`;
  if (result?.__typename === 'PasskeyChallenge') {
    const ceremony = ceremonyOf(result);
    return html`${unsupported}${creation(shown, { action, ceremony })}`;
  }
  return html`${unsupported}
<form method="post" action="${action}" data-webauthn hidden>
${button({ label: t.passkeys.add, form: 'start', kind })}
</form>`;
}

function creation(
  shown: Shown<unknown>,
  { action, ceremony }: { readonly action: string; readonly ceremony: Ceremony },
): Markup {
  const { t } = shown;
  const name = field(shown, {
    name: 'name',
    label: t.name,
    autocomplete: 'off',
    hint: t.passkeys.nameHint,
    optional: true,
    maxLength: 100,
  });
  return ceremonyForm(shown, {
    action,
    form: 'confirm',
    label: t.passkeys.create,
    ceremony,
    kind: 'main',
    body: html`${name}<p>${t.passkeys.createText}</p>`,
  });
}

/** As `...Ceremony` selects it. */
function ceremonyOf(result: Other): Ceremony {
  const { id, options, expiresAt } = result;
  return {
    id: String(id),
    options: options as Ceremony['options'],
    expiresAt: String(expiresAt),
  };
}
