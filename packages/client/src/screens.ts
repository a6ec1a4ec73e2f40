import type { FormEvent } from 'react';
import type { CodeStep, SecondStep } from './challenge-step.ts';
import type { CredentialsStep, LinkStep, NewPasswordStep, UndoStep } from './sign-in-steps.ts';
import type { SignIn } from './use-sign-in.ts';
import type { ProofStep, StepUp } from './use-step-up.ts';
import { withForm } from './use-submit.ts';
import type { Totp } from './use-totp.ts';

export type AuthFormName =
  | 'signIn'
  | 'register'
  | 'sendCode'
  | 'sendReset'
  | 'signInWithPasskey'
  | 'signInWithProvider'
  | 'confirm'
  | 'setPassword'
  | 'undo'
  | 'verify'
  | 'verifyWithPasskey'
  | 'resend'
  | 'prove'
  | 'proveOtherwise'
  | 'enable'
  | 'disable'
  | 'done'
  | 'back';

/** Attributes of an `<input>`, with the text of its label. */
export type AuthField = {
  readonly name: 'email' | 'password' | 'newPassword' | 'name' | 'code';
  readonly label: string;
  readonly type: 'email' | 'password' | 'text';
  readonly autoComplete: string;
  readonly required: boolean;
};

/** A form that a step wants: its fields and its button. Without fields it is the button alone. */
export type AuthForm = {
  /** Differs among the forms of a step. */
  readonly id: string;
  /** What it calls; for a text of the app's own. */
  readonly name: AuthFormName;
  /** What the button says, in English. */
  readonly label: string;
  readonly fields: readonly AuthField[];
  /** Whether the button is. */
  readonly disabled: boolean;
  readonly onSubmit: (event: FormEvent<HTMLFormElement>) => void;
};

type Field<Name> = Omit<AuthField, 'name'> & { readonly name: Name };

function text<Name extends AuthField['name']>(
  name: Name,
  label: string,
  autoComplete: string,
): Field<Name> {
  const type = /assword/.test(name) ? 'password' : name === 'email' ? 'email' : 'text';
  return { name, label, type, autoComplete, required: true };
}

const email = text('email', 'Email address', 'username webauthn');
const password = text('password', 'Password', 'current-password');
const firstPassword = text('password', 'Password', 'new-password');
const oldPassword = { ...password, required: false };
const newPassword = text('newPassword', 'New password', 'new-password');
const fullName = { ...text('name', 'Name', 'name'), required: false };
const code = text('code', 'Code', 'one-time-code');

/** Only with fields that the function takes. */
type MakeForm = <Input extends { readonly [Name in keyof Input]: string | null | undefined }>(
  name: AuthFormName,
  label: string,
  send: (input: Input) => unknown,
  ...fields: readonly (Field<keyof Input> & AuthField)[]
) => AuthForm;

/** What a step shows, in English: a title, a sentence and its forms, the usual one first. */
export type AuthScreen = {
  /** Empty where there is nothing to show. */
  readonly title: string;
  readonly text: string;
  readonly forms: readonly AuthForm[];
};

/**
 * What a step of `useSignIn`, `useStepUp` or `useTotp` shows, as data: an app draws the forms as it
 * draws its own, and replaces words by `step` and `name`.
 */
export function screenOf(at: SignIn | StepUp | Totp): AuthScreen {
  const form: MakeForm = (name, label, send, ...fields) => ({
    id: name,
    name,
    label,
    fields,
    disabled: at.pending,
    onSubmit: withForm(send),
  });
  const screen = (title: string, text: string, ...forms: readonly AuthForm[]): AuthScreen => ({
    title,
    text,
    forms: 'back' in at ? [...forms, form('back', 'Back', at.back)] : forms,
  });

  switch (at.step) {
    case 'idle':
    case 'done':
      return screen('', '');
    case 'loading':
      return screen('One moment…', '');
    case 'unreachable':
      return screen('One moment…', 'The server does not answer. It is asked again until it does.');
    case 'credentials':
      return screen('Sign in', noticeOf(at), ...credentialsForms(at, form));
    case 'proof':
    case 'code':
    case 'second-step':
      return screen(...proofScreen(at, form));
    case 'totp-off':
    case 'totp-on':
    case 'totp-enrolling':
    case 'totp-codes':
      return screen('Authenticator app', ...totpScreen(at, form));
    default:
      return screen(...linkScreen(at, form));
  }
}

type ScreenParts = readonly [title: string, text: string, ...forms: readonly AuthForm[]];

function proofScreen(at: ProofStep | CodeStep | SecondStep, form: MakeForm): ScreenParts {
  if (at.step === 'proof')
    return [
      'Confirm that it is you',
      'This step needs a fresh proof. What you began goes on afterwards.',
      form('prove', 'Continue', at.prove, password),
      form('proveOtherwise', 'Without the password', at.proveOtherwise),
    ];
  const { verifyWithPasskey } = at;
  const forms = [
    form('verify', 'Continue', at.verify, code),
    ...(verifyWithPasskey ? [form('verifyWithPasskey', 'Use a passkey', verifyWithPasskey)] : []),
  ];
  if (at.step === 'second-step')
    return ['Enter the code', 'Of your authenticator app, or a recovery code.', ...forms];
  const { resendIn, resend, sentTo } = at;
  const wait = resendIn > 0 ? ` (${resendIn})` : '';
  const again = form('resend', `Send another code${wait}`, resend);
  return [
    'Enter the code',
    `We sent a code to ${sentTo ?? 'your address'}.`,
    ...forms,
    { ...again, disabled: again.disabled || resendIn > 0 },
  ];
}

function linkScreen(at: LinkStep | NewPasswordStep | UndoStep, form: MakeForm): ScreenParts {
  if (at.step === 'new-password')
    return [
      'Choose a new password',
      'Every device that is signed in will be signed out.',
      form('setPassword', 'Set password', at.setPassword, newPassword),
    ];
  if (at.step === 'undo-email-change')
    return [
      'Undo the change of address',
      'Your former address comes back, and the password stops working.',
      form('undo', 'Take the change back', at.undo),
    ];
  return [
    'Confirm your address',
    at.askPassword ? 'The password that you registered with, or none to choose one later.' : '',
    form('confirm', 'Continue', at.confirm, ...(at.askPassword ? [oldPassword] : [])),
  ];
}

function totpScreen(at: Totp, form: MakeForm): readonly [string, ...(readonly AuthForm[])] {
  switch (at.step) {
    case 'totp-off':
      return ['Sign in with a code of an app, too.', form('enable', 'Set up an app', at.enable)];
    case 'totp-on':
      return ['Signing in takes a code.', form('disable', 'Remove the app', at.disable)];
    case 'totp-enrolling':
      return [
        'Scan the picture with your app, and type the code that it shows.',
        form('confirm', 'Continue', at.confirm, code),
      ];
    case 'totp-codes':
      return [
        'Keep these recovery codes where your phone is not. They are not shown again.',
        form('done', 'I have kept them', at.done),
      ];
  }
}

/** What has just happened, at the sign-in. */
function noticeOf({ done, reason }: CredentialsStep): string {
  return notices[done ?? reason ?? ''] ?? '';
}

const notices: Readonly<Record<string, string>> = {
  LOGGED_OUT: 'You are signed out.',
  ELSEWHERE: 'You have signed out in another tab.',
  ENDED: 'Your session has ended. Sign in again.',
  RESET_SENT: 'If there is an account with this address, an email is on its way.',
  PASSWORD_SET: 'Your new password is set. Sign in with it.',
  EMAIL_CHANGE_UNDONE: 'Your former address is back. Choose a new password now.',
};

function credentialsForms(at: CredentialsStep, form: MakeForm): readonly AuthForm[] {
  const { options, signInWithPasskey } = at;
  const providers = options?.identityProviders ?? [];
  return [
    form('signIn', 'Sign in', at.signIn, email, password),
    ...(signInWithPasskey ? [form('signInWithPasskey', 'Use a passkey', signInWithPasskey)] : []),
    ...providers.map(({ id, name }) => ({
      ...form('signInWithProvider', `Continue with ${name}`, () => at.signInWithProvider(id)),
      id,
    })),
    form('sendCode', 'Email me a code', at.sendCode, email),
    form('sendReset', 'Email me a link to a new password', at.sendReset, email),
    // Unless it is known that the server takes no one.
    ...(options?.registrationOpen === false
      ? []
      : [form('register', 'Create an account', at.register, fullName, email, firstPassword)]),
  ];
}
