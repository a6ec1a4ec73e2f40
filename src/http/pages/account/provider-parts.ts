import { createHash } from 'node:crypto';
import { html, type Markup } from '../markup.ts';
import { graphqlDocument } from './answers.ts';
import type { Form, Shown, Visitor } from './page.ts';
import { form, hidden, nothing } from './parts.ts';
import { markOf } from './provider-marks.ts';

/** One that people may sign in with. */
export type Provider = { readonly id: string; readonly name: string };

type Context = Pick<Shown<unknown>, 't' | 'presetOf'>;

/** The form `provider` of a page where a sign-in begins. */
export const startLogin: Form = {
  document: graphqlDocument(`
mutation StartLogin($input: StartIdentityLoginInput!) {
  result: startIdentityLogin(input: $input) { __typename ...IdentityRedirect ...Refusal }
}`),
  operation: 'StartLogin',
  begins: 'LOGIN',
  input: startInput,
};

/** The form `provider` of the page that links accounts. */
export const startLink: Form = {
  document: graphqlDocument(`
mutation StartLink($input: StartIdentityLinkInput!) {
  result: startIdentityLink(input: $input) { __typename ...IdentityRedirect ...Refusal }
}`),
  operation: 'StartLink',
  begins: 'LINK',
  input: startInput,
};

/** Where every provider leads back to (screens/signed-in.ts). */
function startInput(
  { providerId = '' }: Readonly<Record<string, string>>,
  { publicUrl, step }: Visitor,
): Readonly<Record<string, unknown>> {
  const returnTo = `${publicUrl}/account/signed-in`;
  const codeChallenge = createHash('sha256')
    .update(step.identity?.verifier ?? '')
    .digest('base64url');
  return { providerId, returnTo, codeChallenge };
}

/** In place of a password: a button for each provider, in the operator's order. */
export function otherWays(
  context: Context,
  { action, providers }: { readonly action: string; readonly providers: readonly Provider[] },
): Markup {
  if (providers.length === 0) return nothing;
  const { t } = context;
  return html`<p class="or">${t.identities.or}</p>
${providerForm(context, { action, providers, label: t.identities.continueWith })}`;
}

type FormOptions = {
  readonly action: string;
  readonly providers: readonly Provider[];
  /** Of a button, around the provider's name. */
  readonly label: (name: string) => string;
};

export function providerForm(
  { presetOf }: Pick<Context, 'presetOf'>,
  { action, providers, label }: FormOptions,
): Markup {
  const buttons = providers.map(
    ({ id, name }) =>
      html`<button class="quiet" name="providerId" value="${id}">${markOf(presetOf(id))}
<span>${named(label, name)}</span></button>`,
  );
  return form(action, html`${hidden('form', 'provider')}${buttons}`, { kind: 'providers' });
}

/** A text around a name, whose letters choose its own direction. */
export function named(text: (name: string) => string, name: string): Markup {
  const [before = '', after = ''] = text('\n').split('\n');
  return html`${before}<bdi>${name}</bdi>${after}`;
}
