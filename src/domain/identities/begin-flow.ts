/** Where to send the browser. */
export type IdentityRedirect = {
  readonly kind: 'identity-redirect';
  readonly url: string;
  readonly expiresAt: Date;
};
