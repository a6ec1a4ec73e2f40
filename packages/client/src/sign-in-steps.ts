import type { CodeStep, SecondStep } from './challenge-step.ts';
import type { SignedOutReason } from './held-session.ts';
import type { IdentitySignInOptions } from './identities.ts';
import type { AuthOptions, LoginInput, User } from './operations.ts';

/** Where a user signs in, registers, or has forgotten the password. */
export type CredentialsStep = {
  readonly step: 'credentials';
  /** Why no user is signed in, where the user was. */
  readonly reason: SignedOutReason | null;
  /** What has just been done: RESET_SENT, the link was mailed; and the two that links do. */
  readonly done: 'RESET_SENT' | 'PASSWORD_SET' | 'EMAIL_CHANGE_UNDONE' | null;
  /** What the server offers: other providers, say. Null until it has answered. */
  readonly options: AuthOptions | null;
  signIn(input: LoginInput): Promise<void>;
  /** An empty name is none. */
  register(input: Registration): Promise<void>;
  /** Mails a code that signs in without a password. */
  sendCode(input: { readonly email: string }): Promise<void>;
  /** Mails a link to a new password. */
  sendReset(input: { readonly email: string }): Promise<void>;
  /** Null where the browser has no passkeys, or the server takes none. */
  readonly signInWithPasskey: (() => Promise<void>) | null;
  /** This page leaves, or, with the mode `popup`, stays. */
  signInWithProvider(providerId: string, options?: ProviderOptions): Promise<void>;
};

export type Registration = {
  readonly email: string;
  readonly password: string;
  readonly name?: string | null | undefined;
};

export type ProviderOptions = Omit<IdentitySignInOptions, 'providerId'>;

/** The link of a mail finishes a registration or a sign-in. */
export type LinkStep = {
  readonly step: 'link';
  /**
   * Whether another device may have begun it: the password of the registration then completes it as
   * it was begun; without one the account opens without a password.
   */
  readonly askPassword: boolean;
  confirm(input: { readonly password?: string | undefined }): Promise<void>;
  back(): void;
};

/** The link of a mail leads to a new password. */
export type NewPasswordStep = {
  readonly step: 'new-password';
  setPassword(input: { readonly newPassword: string }): Promise<void>;
  back(): void;
};

/** The link of a mail takes a change of the address back. */
export type UndoStep = {
  readonly step: 'undo-email-change';
  undo(): Promise<void>;
  back(): void;
};

export type SignInStep =
  /** It is not known yet whether a user is signed in; what servers render. */
  | { readonly step: 'loading' }
  /** The server does not answer, and is asked again until it does. */
  | { readonly step: 'unreachable' }
  | CredentialsStep
  | LinkStep
  | NewPasswordStep
  | UndoStep
  | CodeStep
  | SecondStep
  | { readonly step: 'done'; readonly user: User };
