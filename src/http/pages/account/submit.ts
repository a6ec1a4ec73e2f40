import type { FastifyReply } from 'fastify';
import type { Result, Tokens } from './answers.ts';
import { withoutSecrets } from './fields.ts';
import { type Fields, type Form, type Next, type Page, pageOf } from './page.ts';
import { pages } from './pages.ts';
import { returnTarget } from './return-to.ts';
import { sendOnward } from './send-page.ts';
import { show } from './show.ts';
import type { Asked, Visit } from './visit.ts';

type Sent = { readonly page: Page; readonly fields: Fields };

/** Runs the operation of a form, and leads to where its answer says. */
export async function submit(
  visit: Visit,
  reply: FastifyReply,
  { page, fields }: Sent,
): Promise<void> {
  const [name, form] = formOf(page, fields);
  const asked = await visit.ask(page.document, form.operation, form.input(fields, visit));
  const result = asked.data['result'] as Result;
  switch (result.__typename) {
    case 'AuthTokens':
      return signedIn(visit, reply, result);
    case 'OtpChallenge': {
      const isAnother = visit.step.challenge?.id !== undefined && name === 'resend';
      const returnTo = visit.step.returnTo ?? visit.query.get('return_to') ?? undefined;
      visit.keep({ ...visit.step, challenge: result, returnTo });
      reply.redirect(`/account/${pageOf(result)}${isAnother ? '?done=sent' : ''}`, 303);
      return;
    }
    case 'AuthError': {
      const kept = withoutSecrets(fields);
      if (result.code === 'STEP_UP_REQUIRED') {
        visit.keep({ ...visit.step, pending: { path: page.path, form: name, fields: kept } });
        reply.redirect('/account/step-up', 303);
        return;
      }
      reply.code(result.code === 'RATE_LIMITED' ? 429 : 422);
      return show(visit, reply, page, { fields: kept, refusal: { ...result, form: name } });
    }
    default:
      return follow(visit, reply, { page, asked, next: form.done?.(result, visit) ?? { go: '' } });
  }
}

function formOf(page: Page, fields: Fields): readonly [string, Form] {
  const forms = Object.entries(page.forms ?? {});
  const form = forms.find(([name]) => name === fields['form']) ?? forms[0];
  if (form === undefined) throw new Error('The page has no form.');
  return form;
}

/** Goes on with what waited for the proof, or to where the sign-in was asked to lead. */
async function signedIn(visit: Visit, reply: FastifyReply, tokens: Tokens): Promise<void> {
  const { pending, returnTo } = visit.step;
  visit.signIn(tokens);
  visit.keep({});
  const page = pages.find(({ path }) => path === pending?.path);
  if (pending !== undefined && page !== undefined) {
    const fields = { ...pending.fields, form: pending.form };
    return submit(visit, reply, { page, fields });
  }
  const target = returnTarget(visit.config, returnTo ?? visit.query.get('return_to'));
  if (target.kind === 'app') return sendOnward(visit, reply, target.url);
  reply.redirect(target.path, 303);
}

type Followed = { readonly page: Page; readonly asked: Asked; readonly next: Next };

async function follow(
  visit: Visit,
  reply: FastifyReply,
  { page, asked, next }: Followed,
): Promise<void> {
  if (next === 'sign-out') {
    visit.signOut();
    visit.keep({});
    reply.redirect('/account/sign-in?done=signed-out', 303);
    return;
  }
  if ('show' in next) return show(visit, reply, page, { result: next.show });
  if ('go' in next) {
    if (next.endsChallenge) visit.keep({});
    reply.redirect(`/account/${next.go}`, 303);
    return;
  }
  const { name, text } = next.download;
  reply
    .type('application/json; charset=utf-8')
    .header('content-disposition', `attachment; filename="${name}"`)
    .send(asked.answer.longTexts.read(text));
}
