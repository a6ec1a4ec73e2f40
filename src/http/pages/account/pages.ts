import type { Page } from './page.ts';
import { activity } from './screens/activity.ts';
import { addPasskey } from './screens/add-passkey.ts';
import { authenticator } from './screens/authenticator.ts';
import { code } from './screens/code.ts';
import { data } from './screens/data.ts';
import { devices } from './screens/devices.ts';
import { email } from './screens/email.ts';
import { forgotPassword } from './screens/forgot-password.ts';
import { home } from './screens/home.ts';
import { identities } from './screens/identities.ts';
import { passkey } from './screens/passkey.ts';
import { passkeys } from './screens/passkeys.ts';
import { password } from './screens/password.ts';
import { profile } from './screens/profile.ts';
import { recoveryCodes } from './screens/recovery-codes.ts';
import { register } from './screens/register.ts';
import { resetPassword } from './screens/reset-password.ts';
import { security } from './screens/security.ts';
import { signIn } from './screens/sign-in.ts';
import { signOut } from './screens/sign-out.ts';
import { signedIn } from './screens/signed-in.ts';
import { stepUp } from './screens/step-up.ts';
import { undoEmailChange } from './screens/undo-email-change.ts';
import { verify } from './screens/verify.ts';

/** Every page, by its path. */
export const pages: readonly Page[] = [
  signIn,
  register,
  signedIn,
  code,
  verify,
  forgotPassword,
  resetPassword,
  undoEmailChange,
  stepUp,
  signOut,
  home,
  profile,
  security,
  password,
  email,
  authenticator,
  recoveryCodes,
  passkeys,
  passkey,
  addPasskey,
  identities,
  devices,
  activity,
  data,
];
