import { useCallback, useEffect, useMemo, useState } from 'react';
import { isChallenge, type Outcome, useChallengeStep } from './challenge-step.ts';
import type { AuthClient } from './create-auth-client.ts';
import { createIdentities, type Identities } from './identities.ts';
import type { MailLink } from './link.ts';
import type { AuthOptions, OtpChallenge } from './operations.ts';
import { problemOf } from './problem.ts';
import { forgetRegistration, keepRegistration, keptRegistration } from './registration.ts';
import type {
  CredentialsStep,
  LinkStep,
  NewPasswordStep,
  SignInStep,
  UndoStep,
} from './sign-in-steps.ts';
import { useAuth } from './use-auth.ts';
import { useIdentityReturn } from './use-identities.ts';
import { useMailLink } from './use-mail-link.ts';
import { type UsePasskeys, usePasskeys } from './use-passkeys.ts';
import { type Progress, useWork, type Work } from './use-submit.ts';

export type SignIn = Progress & SignInStep;

/** At the credentials, with what was just done; or at a challenge. */
type Stage = { readonly done: CredentialsStep['done'] } | OtpChallenge;

const atCredentials: Stage = { done: null };

/**
 * Sign-in, registration and a forgotten password as one state machine: show what `step` says, and
 * call what it brings. It reads the links of mails and the returns of other providers, offers
 * passkeys in the field whose `autocomplete` says `username webauthn`, and is `done` as soon as a
 * user is signed in, in this tab or another. Use it once in a page.
 */
export function useSignIn(): SignIn {
  const { auth, ...state } = useAuth();
  const { status } = state;
  const work = useWork();
  const { run, show, ...progress } = work;
  const [stage, setStage] = useState<Stage>(atCredentials);
  const { link, forget } = useMailLink();
  const returned = useReturn();
  const challenge = 'id' in stage ? stage : null;
  const isAtCredentials = status === 'signed-out' && !challenge && link === null;

  const take = useCallback((outcome: Outcome) => {
    if (isChallenge(outcome)) setStage(outcome);
    else if (outcome) setStage(atCredentials);
    if (outcome?.__typename === 'AuthTokens') forgetRegistration();
  }, []);
  useEffect(() => {
    if (!returned) return;
    show(problemOf(returned.result));
    take(problemOf(returned.result) ? null : returned.result);
  }, [returned, show, take]);

  const isSignedIn = status === 'signed-in';
  useEffect(() => {
    // Perhaps in another tab: a sign-out must not lead back to what was asked before.
    if (isSignedIn) setStage(atCredentials);
  }, [isSignedIn]);

  const onAutofill = (outcome: NonNullable<Outcome>): void => {
    show(problemOf(outcome));
    take(problemOf(outcome) ? null : outcome);
  };
  const passkeys = usePasskeys({ onAutofill: isAtCredentials ? onAutofill : undefined });
  const identities = useMemo(() => createIdentities(auth), [auth]);
  const options = useOptions(auth, isAtCredentials);
  const back = (): void => {
    show(null);
    setStage(atCredentials);
    forget();
  };
  const parts = { auth, work, passkeys, identities, take, setStage, forget, back };
  const challengeStep = useChallengeStep({ ...parts, challenge });

  const step = (): SignInStep => {
    if (status === 'loading' || link === undefined || returned === undefined)
      return { step: 'loading' };
    if (link) return linkStep(parts, link);
    if (status === 'signed-in') return { step: 'done', user: state.user };
    if (status === 'unreachable') return { step: 'unreachable' };
    if (challengeStep) return challengeStep;
    const done = 'done' in stage ? stage.done : null;
    return { ...credentialsStep(parts, options), done, reason: state.reason };
  };
  return { ...progress, ...step() };
}

type Parts = {
  readonly auth: AuthClient;
  readonly work: Work;
  readonly passkeys: UsePasskeys;
  readonly identities: Identities;
  take(outcome: Outcome): void;
  setStage(stage: Stage): void;
  forget(): void;
  back(): void;
};

function credentialsStep(
  { auth, work: { run }, passkeys, identities, take, setStage }: Parts,
  options: AuthOptions | null,
): Omit<CredentialsStep, 'done' | 'reason'> {
  const canUsePasskeys = passkeys.isSupported && options?.passkeys !== false;
  return {
    step: 'credentials',
    options,
    signIn: async ({ email, password }) => {
      const outcome = await run(() => auth.login({ email, password }));
      take(outcome);
      // The password manager that has just filled in the password may keep a passkey, too.
      if (outcome?.__typename === 'AuthTokens')
        await passkeys.register({ conditional: true }).catch(() => {});
    },
    register: async ({ email, password, name }) => {
      const outcome = await run(() => auth.register({ email, password, name: name || null }));
      if (outcome) keepRegistration(outcome.id);
      take(outcome);
    },
    sendCode: async ({ email }) => take(await run(() => auth.requestLoginCode({ email }))),
    sendReset: async ({ email }) => {
      if (await run(() => auth.requestPasswordReset({ email }))) setStage({ done: 'RESET_SENT' });
    },
    signInWithPasskey: canUsePasskeys ? async () => take(await run(() => passkeys.signIn())) : null,
    signInWithProvider: async (providerId, how) =>
      take(await run(() => identities.signIn({ ...how, providerId }))),
  };
}

function linkStep(
  { auth, work: { run }, take, setStage, forget, back }: Parts,
  { kind, token }: MailLink,
): LinkStep | NewPasswordStep | UndoStep {
  const end = (done: CredentialsStep['done']): void => {
    setStage({ done });
    forget();
  };
  if (kind === 'reset-password')
    return {
      step: 'new-password',
      setPassword: async ({ newPassword }) => {
        if (await run(() => auth.resetPassword({ token, newPassword }))) end('PASSWORD_SET');
      },
      back,
    };
  if (kind === 'undo-email-change')
    return {
      step: kind,
      undo: async () => {
        if (await run(() => auth.undoEmailChange({ token }))) end('EMAIL_CHANGE_UNDONE');
      },
      back,
    };
  const challengeId = keptRegistration();
  return {
    step: 'link',
    askPassword: challengeId === null,
    confirm: async ({ password }) => {
      const input = { token, challengeId, password: password || null };
      const outcome = await run(() => auth.verifyLink(input));
      take(outcome);
      if (outcome) forget();
    },
    back,
  };
}

/** What the server offers, asked once when it is first needed. */
function useOptions(auth: AuthClient, isNeeded: boolean): AuthOptions | null {
  const [options, setOptions] = useState<AuthOptions | null>(null);
  const isMissing = isNeeded && !options;
  useEffect(() => {
    let isMounted = true;
    const show = (answer: AuthOptions): void => {
      if (isMounted) setOptions(answer);
    };
    // Without an answer the password and the mailed code are left.
    if (isMissing) auth.options().then(show, () => {});
    return () => {
      isMounted = false;
    };
  }, [auth, isMissing]);
  return options;
}

/** What a provider has sent the user back with. The address is then the one where the user was. */
function useReturn(): ReturnType<typeof useIdentityReturn> {
  const returned = useIdentityReturn();
  useEffect(() => {
    if (returned) history.replaceState(history.state, '', returned.page ?? '/');
  }, [returned]);
  return returned;
}
