import type { Context } from '../../context.ts';
import type { Transaction } from '../../db/driver/transaction.ts';
import type { IdentityKey } from '../../db/queries/identities.ts';
import { claimUser, insertUser } from '../../db/queries/users.ts';
import type { PendingIdentity } from '../../db/tables/otp-challenges.ts';
import type { UserRow } from '../../db/tables/users.ts';
import { AuthError } from '../../errors.ts';
import type { ProviderAnswer } from '../../ports.ts';
import { type EmailAddress, hasPlainDots, parseEmailAddress } from '../addresses/email-address.ts';
import { recordAudit } from '../audit/record.ts';
import { preferredLocale } from '../emails/locales.ts';
import { notAccepted } from '../identities/not-accepted.ts';
import { decideLink, type LinkDecision, stateOf } from '../identities/rules.ts';
import type { Vouched } from '../identities/spend-flow.ts';
import { displayName } from '../input.ts';
import { beginEmailChallenge } from '../otp/begin-email-challenge.ts';
import type { OtpChallenge } from '../otp/challenge-view.ts';
import { knownSession } from '../sessions/known-session.ts';
import { type Admission, admit } from './admit.ts';
import { findAccount, holdAccount, type IdentityAccount } from './identity-account.ts';
import { reserveLoginCode } from './login-code-budget.ts';

/** What a sign-in by a provider comes to; `refuse`: its account may not sign in. */
type Decision = LinkDecision | 'sign-in' | 'refuse';

/** What is vouched for, in our own forms. */
type SignIn = Vouched & {
  readonly key: IdentityKey;
  /** Null where the provider names none that an account may have. */
  readonly email: EmailAddress | null;
  readonly name: string | null;
};

/** Rolls the transaction back: the account is not what was decided for. */
class Changed extends Error {}

/**
 * Signs in who a provider vouches for, links or registers them first, or asks the mailbox; what of
 * it, `decideLink` says. It is decided by what is read, for the budgets, and once more by the rows
 * that are held. Throws INVALID_CREDENTIALS for an account that may not sign in, PROVIDER_REFUSED
 * without an address, FORBIDDEN where registration is by invitation, RATE_LIMITED.
 */
export async function admitByIdentity(ctx: Context, vouched: Vouched): Promise<Admission> {
  const signIn = describe(vouched);
  // Most are linked already: they are read once, under the lock.
  const known = await attempt(() => ctx.transaction((tx) => carryOut(ctx, tx, signIn, 'sign-in')));
  if (known) return known;
  for (let tries = 0; tries < 3; tries += 1) {
    const found = await findAccount(ctx.db, signIn);
    const decision = decide(ctx, signIn, found);
    await assertOpen(ctx, signIn, { decision, found });
    const admission = await attempt(() =>
      decision === 'confirm' || decision === 'decoy'
        ? askMailbox(ctx, signIn, { decision, found })
        : ctx.transaction((tx) => carryOut(ctx, tx, signIn, decision)),
    );
    if (admission) return admission;
  }
  throw notAccepted();
}

/** Null where the account is not, or no longer, what the step was decided for. */
async function attempt(step: () => Promise<Admission>): Promise<Admission | null> {
  try {
    return await step();
  } catch (error) {
    if (error instanceof Changed) return null;
    throw error;
  }
}

function describe(vouched: Vouched): SignIn {
  const { provider, answer } = vouched;
  const { issuer, subject } = answer;
  return {
    ...vouched,
    key: { providerId: provider.id, issuer, subject },
    email: addressOf(answer),
    name: displayName.safeParse(answer.name).data ?? null,
  };
}

function addressOf({ email }: ProviderAnswer): EmailAddress | null {
  const parsed = email === null ? null : parseEmailAddress(email);
  return parsed && hasPlainDots(parsed) ? parsed : null;
}

function decide(
  { config }: Context,
  { provider, answer, email }: SignIn,
  { isLinked, user }: IdentityAccount,
): Decision {
  const local = stateOf(user);
  if (isLinked && local === 'verified') return 'sign-in';
  // Imported with an account that no one has proved yet: the mailbox proves it, and both are kept.
  if (isLinked) return local === 'unverified' ? 'confirm' : 'refuse';
  const address = email === null ? 'none' : answer.emailVerified ? 'verified' : 'claimed';
  const { registration } = config;
  return decideLink({ local, address, linking: provider.linking, registration });
}

type Read = { readonly decision: Decision; readonly found: IdentityAccount };

/** Throws where nothing follows. */
async function assertOpen(
  ctx: Context,
  { provider }: SignIn,
  { decision, found }: Read,
): Promise<void> {
  if (decision === 'closed')
    throw new AuthError('FORBIDDEN', { message: 'Registration is by invitation.' });
  if (decision === 'no-address') {
    const message = 'The other provider has named no e-mail address, and an account needs one.';
    throw new AuthError('PROVIDER_REFUSED', { message });
  }
  if (decision !== 'refuse') return;
  await recordAudit(ctx, {
    db: ctx.db,
    type: 'identity.login_failed',
    outcome: 'FAILURE',
    subjectId: found.user?.id ?? null,
    detail: { provider: provider.id, purpose: 'LOGIN', reason: 'account' },
  });
  throw notAccepted();
}

/** Signs in at once: nothing of it needs the mailbox. */
async function carryOut(
  ctx: Context,
  tx: Transaction,
  signIn: SignIn,
  decision: Decision,
): Promise<Admission> {
  const { answer } = signIn;
  const ownId = decision === 'register' ? await makeUser(ctx, tx, signIn) : null;
  const isLinked = decision === 'sign-in';
  const user = await holdDecided(ctx, tx, signIn, { decision, isLinked, ownId });
  if (!user) throw new Changed();
  // SECURITY: a second factor of the provider's counts for what is linked already. Whoever links
  // has to show ours (ID-14).
  const method = isLinked && answer.provesSecondFactor ? 'IDENTITY_MFA' : 'IDENTITY';
  return admit(ctx, {
    db: tx,
    user: ownId === null ? user : await registered(ctx, tx, signIn, user),
    proved: [method],
    previousSessionId: null,
    identity: pendingOf(signIn, isLinked),
  });
}

type Decided = {
  readonly decision: Decision;
  readonly isLinked: boolean;
  /** Of a row that was made for it. */
  readonly ownId: string | null;
};

/** The account of a decision that still holds, locked; null where there is none. Throws Changed. */
async function holdDecided(
  ctx: Context,
  tx: Transaction,
  signIn: SignIn,
  { decision, isLinked, ownId }: Decided,
): Promise<UserRow | null> {
  const user = await holdAccount(tx, { ...signIn, isLinked });
  const isNew = user !== null && user.id === ownId;
  const again = decide(ctx, signIn, { isLinked, user: isNew ? null : user });
  if (again !== decision) throw new Changed();
  return user;
}

/** A row for the address, where it is free (EN-2); the id that such a row has. */
async function makeUser(ctx: Context, tx: Transaction, { email }: SignIn): Promise<string> {
  const now = ctx.clock.now();
  const id = ctx.random.id(now);
  if (email === null) throw new Error('An account is made without an address.');
  const { address, canonical } = email;
  await insertUser(tx, { id, email: address, emailCanonical: canonical, now });
  return id;
}

/** A new account is its provider's word alone: verified, and without a password. */
async function registered(
  ctx: Context,
  tx: Transaction,
  { provider, name }: SignIn,
  { id }: UserRow,
): Promise<UserRow> {
  const locale = preferredLocale(ctx.request.acceptLanguage);
  const now = ctx.clock.now();
  const user = await claimUser(tx, { id, passwordHash: null, name, locale, now });
  if (!user) throw new Changed();
  await recordRegistered(ctx, tx, { providerId: provider.id, userId: id });
  return user;
}

/**
 * Asks the mailbox: the same answer after the same work for an address with an account, without
 * one, and with one that is suspended (ID-19).
 */
async function askMailbox(
  ctx: Context,
  signIn: SignIn,
  { decision, found }: Read,
): Promise<OtpChallenge> {
  const given = addressAsked(signIn, found);
  const { canonical } = given;
  const knownSessionId = await knownSession(ctx, canonical);
  const { tell } = await reserveLoginCode(ctx, { canonical, knownSessionId });
  const asked = await ctx.transaction(async (tx) => {
    const { isLinked } = found;
    const makes = !isLinked && ctx.config.registration === 'open';
    const ownId = makes ? await makeUser(ctx, tx, signIn) : null;
    const held = await holdDecided(ctx, tx, signIn, { decision, isLinked, ownId });
    const user = decision === 'decoy' ? null : held;
    const challenge = await beginEmailChallenge(ctx, {
      db: tx,
      purpose: 'LINK_IDENTITY',
      given,
      // Mail goes to the stored address, never to what the provider named (RC-10).
      recipient: user && { userId: user.id, email: user.email, locale: localeOf(ctx, user) },
      knownSessionId,
      accountProved: user !== null && user.emailVerifiedAt !== null,
      isOwners: knownSessionId !== null,
      ...(user ? { pending: pendingFor(ctx, signIn, user) } : {}),
      pendingIdentity: user && pendingOf(signIn, false),
    });
    await recordAsked(ctx, tx, { signIn, user, isNew: user !== null && user.id === ownId });
    return { challenge, user };
  });
  await tell(asked.user);
  return asked.challenge;
}

/** The account's own address, where the identity is linked to one that was never proved. */
function addressAsked({ email }: SignIn, { isLinked, user }: IdentityAccount): EmailAddress {
  if (isLinked && user) return { address: user.email, canonical: user.emailCanonical };
  if (email === null) throw new Error('A mailbox is asked without an address.');
  return email;
}

function localeOf({ request }: Context, user: UserRow): string | null {
  return user.locale ?? preferredLocale(request.acceptLanguage);
}

/** What an account gets that is claimed by this code: no password, and a name if it has none. */
function pendingFor(ctx: Context, { name }: SignIn, user: UserRow) {
  const isNamed = user.name !== null;
  return { passwordHash: null, name: isNamed ? null : name, locale: localeOf(ctx, user) };
}

function pendingOf({ key, answer, email }: SignIn, isLinked: boolean): PendingIdentity {
  return { ...key, label: answer.label, email: email?.address ?? null, isLinked };
}

type Asked = {
  readonly signIn: SignIn;
  readonly user: UserRow | null;
  readonly isNew: boolean;
};

/** One event in any case, so that the work is the same. */
async function recordAsked(
  ctx: Context,
  tx: Transaction,
  { signIn, user, isNew }: Asked,
): Promise<void> {
  const providerId = signIn.provider.id;
  if (user && isNew) return recordRegistered(ctx, tx, { providerId, userId: user.id });
  await recordAudit(ctx, {
    db: tx,
    type: 'otp.sent',
    outcome: 'SUCCESS',
    subjectId: user?.id ?? null,
    actorId: null,
    detail: { purpose: 'LINK_IDENTITY', provider: providerId },
  });
}

async function recordRegistered(
  ctx: Context,
  db: Transaction,
  { providerId, userId }: { readonly providerId: string; readonly userId: string },
): Promise<void> {
  await recordAudit(ctx, {
    db,
    type: 'account.registered',
    outcome: 'SUCCESS',
    subjectId: userId,
    detail: { provider: providerId },
  });
}
