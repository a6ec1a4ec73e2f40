import type { FastifyReply } from 'fastify';
import type { Result, Tokens } from './answers.ts';
import { fitForCookie, withoutSecrets } from './fields.ts';
import { leadBack } from './lead-back.ts';
import { addressOf, linkTo } from './links.ts';
import { mayOffer, offersPasskey } from './offer-passkey.ts';
import { sendOnward } from './onward.ts';
import { type Fields, type Form, isMidProof, type Next, type Page, pageOf } from './page.ts';
import { pages } from './pages.ts';
import { endSession, renew } from './session.ts';
import { show } from './show.ts';
import { keptReturnTo, type Step } from './step.ts';
import type { Asked, Visit } from './visit.ts';

type Sent = {
  readonly page: Page;
  readonly fields: Fields;
  /** Whether the person has just proved who they are. */
  readonly isProved?: true;
};

/** Runs the operation of a form, and leads to where its answer says. */
export async function submit(visit: Visit, reply: FastifyReply, sent: Sent): Promise<void> {
  const { page, fields } = sent;
  const asUser = page.signedIn || isMidProof(page, visit.step);
  if (asUser && !visit.hasAccessToken) return renew(visit, reply);
  const [name, form] = formOf(page, fields);
  if (form.proofFirst && !sent.isProved) return askForProof(visit, reply, sent);
  if (form.begins !== undefined) visit.beginIdentity(form.begins);
  const input = form.input(fields, visit);
  const asked = await visit.ask(form.document ?? page.document, form.operation, { input });
  const result = asked.data['result'] as Result;
  switch (result.__typename) {
    case 'AuthTokens':
      return signedIn(visit, reply, { page, fields, tokens: result });
    case 'OtpChallenge': {
      const said = saidOf(visit.step, page, name);
      const begun = { challenge: result, returnTo: returnToOf(visit, page) };
      visit.keep({ ...visit.step, ...begun, mayOffer: mayOffer(visit, sent) || undefined });
      reply.redirect(addressOf(`${pageOf(result)}${said}`), 303);
      return;
    }
    case 'AuthIdentityRedirect':
      return toProvider(visit, reply, { page, fields, url: result.url });
    case 'AuthError': {
      if (result.code === 'STEP_UP_REQUIRED') return askForProof(visit, reply, sent);
      if (page.path === 'code' && name === 'passkey') visit.keep(withoutPasskey(visit.step));
      reply.code(result.code === 'RATE_LIMITED' ? 429 : 422);
      const refusal = { ...result, form: name };
      return show(visit, reply, page, { fields: withoutSecrets(fields), refusal });
    }
    default: {
      const { publicUrl, query, step } = visit;
      const next = form.done?.(result, { publicUrl, query, step, fields }) ?? { go: '' };
      return follow(visit, reply, { page, asked, next });
    }
  }
}

type ToProvider = Pick<Sent, 'page' | 'fields'> & { readonly url: string };

/** Nothing else that was begun goes on when the browser is back. */
function toProvider(
  visit: Visit,
  reply: FastifyReply,
  { page, fields, url }: ToProvider,
): Promise<void> {
  const { messages: t, config, step } = visit;
  const provider = config.identityProviders.find(({ id }) => id === fields['providerId']);
  visit.keep({ identity: step.identity, returnTo: returnToOf(visit, page) });
  const label = t.onward.action(provider?.name ?? '');
  return sendOnward(visit, reply, { title: t.moment, url, label });
}

/** What the page of a challenge is told of how it came about. */
function saidOf({ challenge }: Step, { path }: Page, form: string): string {
  if (form === 'resend' && challenge !== undefined) return '?done=sent';
  return path === 'step-up' && form === 'passkey' ? '?by=passkey' : '';
}

/** A ceremony ends with its first answer; a code may still meet the challenge. */
function withoutPasskey(step: Step): Step {
  const { challenge } = step;
  return challenge === undefined ? step : { ...step, challenge: { ...challenge, passkey: null } };
}

/** Where a sign-in is to lead; one that begins anew forgets what was begun before. */
function returnToOf({ step, query }: Visit, { beginsSignIn }: Page): string | undefined {
  const asked = keptReturnTo(query.get('return_to'));
  return beginsSignIn ? asked : (step.returnTo ?? asked);
}

function formOf(page: Page, fields: Fields): readonly [string, Form] {
  const forms = Object.entries(page.forms ?? {});
  const form = forms.find(([name]) => name === fields['form']) ?? forms[0];
  if (form === undefined) throw new Error('The page has no form.');
  return form;
}

/** The form waits in the browser's step, without what was typed in secret. */
function askForProof(visit: Visit, reply: FastifyReply, { page, fields }: Sent): void {
  const [name, form] = formOf(page, fields);
  const kept = fitForCookie(fields);
  const isWhole = !form.isDownload && Object.keys(kept).length === Object.keys(fields).length;
  const sessionId = visit.sessionId ?? '';
  const pending = { sessionId, path: page.path, form: name, fields: kept, isWhole };
  visit.keep({ ...visit.step, pending });
  reply.redirect('/account/step-up', 303);
}

type SignedIn = Sent & { readonly tokens: Tokens };

/** Goes on with what waited for the proof, or to where the sign-in was asked to lead. */
async function signedIn(
  visit: Visit,
  reply: FastifyReply,
  { page, fields, tokens }: SignedIn,
): Promise<void> {
  const { pending } = visit.step;
  const returnTo = returnToOf(visit, page);
  // SECURITY: a form that waits may be another person's: a sign-in goes on with none, and a proof
  // with that of its own session alone.
  const isProof = page.path === 'step-up' || isMidProof(page, visit.step);
  const isOwn = pending !== undefined && pending.sessionId === visit.sessionId;
  const mayBeOffered = !isProof && mayOffer(visit, { page, fields });
  visit.signIn(tokens);
  visit.keep({});
  if (isProof && isOwn) return goOn(visit, reply, pending);
  if (mayBeOffered && (await offersPasskey(visit))) return offer(reply, returnTo);
  return leadBack(visit, reply, returnTo);
}

/** The page that offers a passkey leads on to where the sign-in was asked to lead. */
function offer(reply: FastifyReply, returnTo: string | undefined): void {
  const query = new URLSearchParams(returnTo === undefined ? {} : { return_to: returnTo });
  reply.redirect(linkTo('add-passkey', query), 303);
}

/** Sends the form that waited, or shows it to be sent again. */
async function goOn(
  visit: Visit,
  reply: FastifyReply,
  pending: NonNullable<Step['pending']>,
): Promise<void> {
  const page = pages.find(({ path }) => path === pending.path);
  if (page === undefined) {
    reply.redirect('/account', 303);
    return;
  }
  const fields = { ...pending.fields, form: pending.form };
  if (pending.isWhole) return submit(visit, reply, { page, fields, isProved: true });
  return show(visit, reply, page, { fields, isProved: true });
}

type Followed = { readonly page: Page; readonly asked: Asked; readonly next: Next };

async function follow(
  visit: Visit,
  reply: FastifyReply,
  { page, asked, next }: Followed,
): Promise<void> {
  if ('signOut' in next) {
    visit.signOut();
    visit.keep({});
    if (next.signOut === 'signed-out') await endSession(visit);
    reply.redirect(`/account/sign-in?done=${next.signOut}`, 303);
    return;
  }
  if ('show' in next) return show(visit, reply, page, { result: next.show });
  if ('go' in next) {
    if (next.endsChallenge) visit.keep({});
    if (next.language !== undefined) visit.chooseLanguage(next.language);
    reply.redirect(addressOf(next.go), 303);
    return;
  }
  const { name, text } = next.download;
  reply
    .type('application/json; charset=utf-8')
    .header('content-disposition', `attachment; filename="${name}"`)
    .send(asked.answer.longTexts.read(text));
}
