import type { Page } from './page.ts';
import { code } from './screens/code.ts';
import { register } from './screens/register.ts';
import { signIn } from './screens/sign-in.ts';

/** Every page, by its path. */
export const pages: readonly Page[] = [signIn, register, code];
