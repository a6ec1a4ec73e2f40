import type { Page } from './page.ts';
import { code } from './screens/code.ts';
import { forgotPassword } from './screens/forgot-password.ts';
import { home } from './screens/home.ts';
import { profile } from './screens/profile.ts';
import { register } from './screens/register.ts';
import { resetPassword } from './screens/reset-password.ts';
import { signIn } from './screens/sign-in.ts';
import { signOut } from './screens/sign-out.ts';
import { stepUp } from './screens/step-up.ts';
import { undoEmailChange } from './screens/undo-email-change.ts';
import { verify } from './screens/verify.ts';

/** Every page, by its path. */
export const pages: readonly Page[] = [
  signIn,
  register,
  code,
  verify,
  forgotPassword,
  resetPassword,
  undoEmailChange,
  stepUp,
  signOut,
  home,
  profile,
];
