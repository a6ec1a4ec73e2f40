import type { Markup } from '../markup.ts';
import type { Challenge, Other, Refusal } from './answers.ts';
import type { Language } from './language.ts';
import type { Messages } from './messages/messages.ts';
import type { Step } from './step.ts';

/** What a form sent; a field that was sent twice is not there. */
export type Fields = Readonly<Record<string, string>>;

/**
 * A page: one GraphQL document and one template. It knows no rule of its own: what may be done is
 * told by the answers.
 */
export type Page<Data = unknown> = {
  /** Below /account; empty for the home of an account. */
  readonly path: string;
  /**
   * The operation `Show`, where the page has to ask something, `Offer`, a mutation for the ceremony
   * of a passkey that may begin on it, and one for each form.
   */
  readonly document: string;
  /** Of `Show`. */
  readonly variables?: (visitor: Visitor) => Readonly<Record<string, unknown>>;
  /** Whether it belongs to an account; then `Show` spreads `...Person`. */
  readonly signedIn?: true;
  /** Where a sign-in begins: who is signed in already is led on. */
  readonly beginsSignIn?: true;
  /** Where another provider leads back to: it takes no forms, and sends one of them by itself. */
  readonly completesIdentity?: true;
  /** By the value of the field `form`; the first is taken where there is none. */
  readonly forms?: Readonly<Record<string, Form>>;
  readonly view: (shown: Shown<Data>) => View;
};

export type Form = {
  /** Where several pages have the form, or the page's document has as many as one may have. */
  readonly document?: string;
  /** Of that or of the page's document; its field has the alias `result`. */
  readonly operation: string;
  readonly input: (fields: Fields, visitor: Visitor) => Readonly<Record<string, unknown>>;
  /** After what the page alone awaits: neither tokens, nor a challenge, nor a refusal. */
  readonly done?: (result: Other, sent: Visitor & { readonly fields: Fields }) => Next;
  /** Where a refusal for want of a proof would not leave everything as it was. */
  readonly proofFirst?: true;
  /** What it asks another provider for, by a verifier in the step that `input` is given. */
  readonly begins?: 'LOGIN' | 'LINK';
  /**
   * Leads to a file. After a proof the person asks for it again: the browser would stay on the page
   * that asked for the proof.
   */
  readonly isDownload?: true;
};

/** Where a form leads to. */
export type Next =
  /**
   * A path below /account; `endsChallenge` where what the browser has begun is over, `language`
   * where another was chosen (null: as the browser asks).
   */
  | {
      readonly go: string;
      readonly endsChallenge?: true;
      readonly language?: Language | null;
    }
  /** Shown in place, since it is shown once. */
  | { readonly show: Other }
  | { readonly download: { readonly name: string; readonly text: string } }
  /** To the sign-in, which says what was done (`signIn.done`). */
  | { readonly signOut: 'signed-out' | 'deleted' | 'change-undone' };

/** What forms and templates know of the browser that asks. */
export type Visitor = {
  readonly publicUrl: string;
  readonly query: URLSearchParams;
  readonly step: Step;
};

export type Shown<Data> = Visitor & {
  readonly t: Messages;
  readonly locale: Language;
  readonly data: Data;
  /** What was typed, but for secrets. */
  readonly fields: Fields;
  /** Of the form that was sent. */
  readonly refusal: Refused | null;
  /** Of a form, to be shown in place. */
  readonly result: Other | null;
  /** By the id of a provider; null for one that has none. */
  readonly presetOf: (providerId: string) => string | null;
  /** Whether passkeys can be used at the pages' own address. */
  readonly takesPasskeys: boolean;
  /** Whether the person has just proved who they are, and has to send the form again. */
  readonly isProved: boolean;
  /** By the server's clock. */
  readonly now: Date;
};

/** A refusal, by the code of a union's member or of a top-level error. */
export type Refused = Pick<Refusal, 'fields' | 'retryAfter'> & {
  readonly code: string;
  /** The form that was sent. */
  readonly form: string;
};

export type View = {
  readonly title: string;
  readonly body: Markup;
  /** Whether it needs the script of passkeys. */
  readonly hasCeremony?: boolean;
};

/** Types a page's answers: what its own document selects is what its template reads. */
export function definePage<Data>(page: Page<Data>): Page {
  return page as Page;
}

/** The page that asks for the code of a challenge. */
export function pageOf({ purpose }: Pick<Challenge, 'purpose'>): string {
  return purpose === 'CHANGE_EMAIL' ? 'security/email' : 'code';
}

/** Whether a form may wait while the page is shown. */
export function asksForProof({ path }: Pick<Page, 'path'>): boolean {
  return path === 'step-up' || path === 'code';
}

/** Whether the page's form is about a proof that an account's session asked for. */
export function isMidProof({ path }: Pick<Page, 'path'>, { challenge }: Step): boolean {
  return path === 'code' && challenge?.purpose === 'STEP_UP';
}
