export type { CodeStep, SecondStep } from './challenge-step.ts';
export {
  type AuthField,
  type AuthForm,
  type AuthFormName,
  type AuthScreen,
  screenOf,
} from './screens.ts';
export type {
  CredentialsStep,
  LinkStep,
  NewPasswordStep,
  SignInStep,
  UndoStep,
} from './sign-in-steps.ts';
export {
  RequireAuth,
  type RequireAuthProps,
  SignedIn,
  type SignedInProps,
  SignedOut,
} from './signed-in.ts';
export { type UseAccount, type UseSessions, useAccount, useSessions } from './use-account.ts';
export { AuthProvider, type AuthProviderProps, useAuth } from './use-auth.ts';
export { useCountdown } from './use-countdown.ts';
export { type UseIdentities, useIdentities, useIdentityReturn } from './use-identities.ts';
export { type UseMailLink, useMailLink } from './use-mail-link.ts';
export { type UsePasskeys, type UsePasskeysOptions, usePasskeys } from './use-passkeys.ts';
export { type SignIn, useSignIn } from './use-sign-in.ts';
export { type SignOut, useSignOut } from './use-sign-out.ts';
export { type ProofStep, type StepUp, type StepUpOptions, useStepUp } from './use-step-up.ts';
export { type Progress, type Submit, type Success, useSubmit, withForm } from './use-submit.ts';
export { type Totp, useTotp } from './use-totp.ts';
