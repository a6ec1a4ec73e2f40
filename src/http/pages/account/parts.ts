import { html, type Markup } from '../markup.ts';
import { addressOf, doneText } from './links.ts';
import type { Messages } from './messages/messages.ts';
import type { Refused, Shown } from './page.ts';

type Context = Pick<Shown<unknown>, 't' | 'fields' | 'refusal' | 'locale'>;

export const nothing: Markup = html``;

type FieldOptions = {
  readonly name: string;
  readonly label: string;
  readonly type?: 'text' | 'email' | 'password';
  /** Tells browsers and password managers what to fill in (WCAG 1.3.5). */
  readonly autocomplete: string;
  readonly hint?: string;
  readonly optional?: true;
  /** The value at first; what was typed takes its place. */
  readonly value?: string;
  readonly inputMode?: 'numeric';
  readonly maxLength?: number;
  readonly minLength?: number;
  /** Left to right whatever the page's direction is: addresses, codes. */
  readonly ltr?: true;
};

/** A labelled field, tied to its hint and to what is wrong with it. */
export function field(context: Context, options: FieldOptions): Markup {
  const { name, type = 'text', hint } = options;
  const problem = problemOf(context, name);
  const value = type === 'password' ? '' : (context.fields[name] ?? options.value ?? '');
  const described = [problem && `${name}-problem`, hint && `${name}-hint`].filter(Boolean);
  const given = attributes({
    id: name,
    name,
    type,
    autocomplete: options.autocomplete,
    value,
    required: !options.optional,
    inputmode: options.inputMode,
    maxlength: options.maxLength,
    minlength: options.minLength,
    dir: options.ltr || type !== 'text' ? 'ltr' : 'auto',
    'aria-describedby': described.join(' ') || undefined,
    'aria-invalid': problem ? 'true' : undefined,
    autofocus: problem !== null && wrongFields(context).length === 1,
    spellcheck: type === 'text' ? undefined : 'false',
  });
  return html`<div class="field">
${labelOf(context, options)}
<input${given}>
${options.minLength === undefined ? nothing : lengthNote(context)}
${problem === null ? nothing : html`<p class="problem" id="${name}-problem">${problem}</p>`}
${hint === undefined ? nothing : html`<p class="hint" id="${name}-hint">${hint}</p>`}
</div>`;
}

/** Where the script says what the field lacks once it is left: nothing is told while one types. */
function lengthNote({ t }: Context): Markup {
  const texts = attributes({
    'data-short': t.charactersMissing,
    'data-enough': t.charactersEnough,
  });
  return html`<p class="hint" role="status"${texts}></p>`;
}

function labelOf({ t }: Context, { name, label, optional }: FieldOptions): Markup {
  const note = optional ? html` <small>${t.optional}</small>` : nothing;
  return html`<label for="${name}">${label}${note}</label>`;
}

/**
 * For the token of a mail's link, which the script takes out of the address and puts in unseen;
 * without it the person pastes the link. One that was sent stays unless it was what was wrong.
 */
export function tokenField(context: Context): Markup {
  const { t, refusal } = context;
  const { token, ...fields } = context.fields;
  const isWrong =
    refusal?.code === 'INVALID_OR_EXPIRED_TOKEN' || problemOf(context, 'token') !== null;
  if (token !== undefined && !isWrong) return hidden('token', token);
  return field(
    { ...context, fields },
    {
      name: 'token',
      label: t.pasteLink,
      hint: t.pasteLinkHint,
      autocomplete: 'off',
      ltr: true,
    },
  );
}

type ChoiceOptions = {
  readonly name: string;
  readonly label: string;
  readonly options: readonly { readonly value: string; readonly label: string }[];
  /** Chosen at first. */
  readonly value: string;
};

/** One of several, as a list. */
export function choice(context: Context, { name, label, options, value }: ChoiceOptions): Markup {
  const chosen = context.fields[name] ?? value;
  const items = options.map((option) => {
    const mark = attributes({ value: option.value, selected: option.value === chosen });
    return html`<option${mark}>${option.label}</option>`;
  });
  return html`<div class="field">
<label for="${name}">${label}</label>
<select id="${name}" name="${name}">${items}</select>
</div>`;
}

/** Attributes; those that are undefined or false are left out. */
export function attributes(values: Record<string, string | number | boolean | undefined>): Markup {
  const given = Object.entries(values).filter(
    ([, value]) => value !== undefined && value !== false,
  );
  return html`${given.map(([name, value]) =>
    value === true ? html` ${name}` : html` ${name}="${String(value)}"`,
  )}`;
}

/** A value that a form sends along unseen. */
export function hidden(name: string, value: string): Markup {
  return html`<input type="hidden" name="${name}" value="${value}">`;
}

type FormOptions = {
  readonly kind?: 'aside' | 'who' | 'providers';
  /** Its answer is a file, so the browser stays on the page. */
  readonly isDownload?: true;
};

/**
 * A form, to an address of its own without `#`: a link's `#token=` would be carried along from page
 * to page (PG-5), and behind `#main` no refusal would get the focus (HTML, autofocus).
 */
export function form(action: string, body: Markup, { kind, isDownload }: FormOptions = {}): Markup {
  const rest = attributes({ class: kind, 'data-file': isDownload && 'json' });
  return html`<form method="post" action="${action}"${rest}>${body}</form>`;
}

type ButtonOptions = {
  readonly label: string;
  /** Which form of the page it sends. */
  readonly form?: string;
  readonly kind?: 'main' | 'quiet' | 'danger';
  /** Sends although fields are empty. */
  readonly unchecked?: true;
  readonly describedBy?: string;
};

export function button(options: ButtonOptions): Markup {
  const { label, form, kind = 'main' } = options;
  const rest = attributes({
    name: form === undefined ? undefined : 'form',
    value: form,
    formnovalidate: options.unchecked,
    'aria-describedby': options.describedBy,
  });
  return html`<button class="${kind}"${rest}>${label}</button>`;
}

type Texts = Readonly<Record<string, string>>;

/**
 * What went wrong, in a sentence; empty where nothing did. One field that is wrong has the focus,
 * else the sentence, which leads to each of several. A page may have words of its own for a code.
 */
export function refusalNotice(context: Context, own: Texts = {}): Markup {
  const { refusal, t } = context;
  if (refusal === null) return nothing;
  const wrong = wrongFields(context);
  const focus = attributes({ tabindex: '-1', autofocus: wrong.length !== 1 });
  const sentence = refusalText(t, refusal, own);
  if (wrong.length < 2) return html`<p class="notice bad" role="alert"${focus}>${sentence}</p>`;
  const links = wrong.map(
    ({ name, label, problem }) =>
      html`<li><a href="#${name}">${label}${t.colon}${problem}</a></li>`,
  );
  return html`<div class="notice bad" role="alert"${focus}>${sentence}<ul>${links}</ul></div>`;
}

type Wrong = { readonly name: string; readonly label: string; readonly problem: string };

/** The fields of the form that a refusal is about. */
function wrongFields(context: Context): Wrong[] {
  const labels = fieldLabels(context.t);
  return (context.refusal?.fields ?? []).flatMap(({ path: name }) => {
    const [label, problem] = [labels[name], problemOf(context, name)];
    return label === undefined || problem === null ? [] : [{ name, label, problem }];
  });
}

/** Of every field that a person types into. */
function fieldLabels(t: Messages): Texts {
  return {
    email: t.email,
    password: t.password,
    name: t.name,
    code: t.code,
    token: t.pasteLink,
    newEmail: t.emailPage.newEmail,
    newPassword: t.reset.newPassword,
    currentPassword: t.passwordPage.current,
    confirmEmail: t.data.confirm,
  };
}

/** By its code, in the page's language, with the time to wait where there is one. */
function refusalText(t: Messages, { code, retryAfter }: Refused, own: Texts): string {
  const texts: Texts = { ...t.refusals, ...own };
  const text = texts[code] ?? t.refusals.INTERNAL_SERVER_ERROR;
  return retryAfter === null ? text : `${text} ${t.retryIn(Math.ceil(retryAfter / 60))}`;
}

function problemOf({ refusal, t }: Context, name: string): string | null {
  const problem = refusal?.fields.find(({ path }) => path === name);
  if (problem === undefined) return null;
  const texts: Texts = t.problems;
  return texts[problem.code] ?? t.problems.INVALID;
}

/** After a proof, where the form has to be sent again. */
export function proofNotice({ t, isProved }: Pick<Shown<unknown>, 't' | 'isProved'>): Markup {
  return isProved ? notice(t.stepUp.proved) : nothing;
}

/** What `?done=` says was done, unless a form was refused since. */
export function doneNotice(
  { query, refusal }: Pick<Shown<unknown>, 'query' | 'refusal'>,
  texts: Texts,
): Markup {
  const text = refusal === null ? doneText(texts, query) : null;
  return text === null ? nothing : notice(text);
}

/** Something that was done. */
export function notice(text: string): Markup {
  return html`<p class="notice good" role="status">${text}</p>`;
}

export type PageInfo = { readonly hasNextPage: boolean; readonly endCursor: string | null };

/** A list of the API, as far as pages select it. */
export type Connection<Node> = {
  readonly edges: readonly { readonly node: Node }[];
  readonly pageInfo: PageInfo;
};

/** A link to what follows in a list; empty at its end. */
export function nextPage(
  path: string,
  { hasNextPage, endCursor }: PageInfo,
  label: string,
): Markup {
  if (!hasNextPage || endCursor === null) return nothing;
  const search = new URLSearchParams({ after: endCursor });
  return html`<p><a href="${addressOf(path)}?${search.toString()}" rel="next">${label}</a></p>`;
}

/** How long until then, in the page's language. */
export function timeUntil(locale: string, seconds: number): string {
  return new Intl.RelativeTimeFormat(locale).format(seconds, 'second');
}

/** A moment in the page's language, at UTC; the script shows it in the reader's own zone. */
export function time(locale: string, at: string): Markup {
  const format = new Intl.DateTimeFormat(locale, {
    dateStyle: 'medium',
    timeStyle: 'short',
    timeZone: 'UTC',
  });
  return html`<time datetime="${at}">${format.format(new Date(at))} UTC</time>`;
}
