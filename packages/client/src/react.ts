export { AuthProvider, useAuth } from './use-auth.ts';
export { type UseIdentities, useIdentities, useIdentityReturn } from './use-identities.ts';
export { type UsePasskeys, type UsePasskeysOptions, usePasskeys } from './use-passkeys.ts';
export { type SignOut, useSignOut } from './use-sign-out.ts';
