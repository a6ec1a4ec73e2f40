import type { KeyObject } from 'node:crypto';

/** How this server proves to a provider that it is the client (RFC 6749 2.3). */
export type ClientSecret =
  | { readonly kind: 'text'; readonly value: string }
  /** Apple wants a JWT, signed anew for each call, in place of a text. */
  | {
      readonly kind: 'apple';
      readonly teamId: string;
      readonly keyId: string;
      readonly privateKey: KeyObject;
    };

/** Where a provider that speaks no OpenID Connect has what is asked of it. */
export type OAuth2Endpoints = {
  readonly authorizationUrl: string;
  readonly tokenUrl: string;
  readonly userinfoUrl: string;
  /** Lists the user's addresses and which are verified, as GitHub's; null: userinfo has it. */
  readonly emailsUrl: string | null;
  /** The members of userinfo that hold what is wanted. */
  readonly members: {
    readonly subject: string;
    readonly email: string;
    readonly emailVerified: string;
    readonly name: string;
    readonly label: string;
  };
  /** False only for LinkedIn, which refuses a verifier (docs/decisions/054-providers.md). */
  readonly usesPkce: boolean;
};

/** A provider that users may sign in with (IDENTITY_PROVIDERS_FILE). */
export type IdentityProvider = {
  /** `[a-z0-9-]{1,32}`; part of the key of every identity, so it never changes. */
  readonly id: string;
  /** What users read on the button. */
  readonly name: string;
  /** The entry's preset, which a page may have a mark for. */
  readonly preset: string | null;
  readonly kind: 'oidc' | 'oauth2';
  /** For OAuth 2: the provider's origin. Part of the key of every identity. */
  readonly issuer: string;
  readonly clientId: string;
  /** Null: a public client, which has PKCE alone. */
  readonly clientSecret: ClientSecret | null;
  readonly scopes: readonly string[];
  /** Whether its word that an address is verified counts (ID-7). */
  readonly trustEmail: boolean;
  /** Whether a trusted address links to the account that has it, or a code is asked for first. */
  readonly linking: 'confirm' | 'verified';
  /** Whether its `amr` and `acr` may stand for our second factor (ID-14). */
  readonly trustsMfa: boolean;
  readonly enabled: boolean;
  /** For an issuer with `{tenantid}`: the tenants whose users may sign in (ID-4); else null. */
  readonly tenants: readonly string[] | null;
  /** Audiences that loginWithIdToken takes (ID-17); empty: none. */
  readonly nativeClientIds: readonly string[];
  /** How the answer comes to the callback: in its address, or posted by a form as Apple does. */
  readonly responseMode: 'query' | 'form_post';
  /** Hosts beside the issuer's that may be sent the secret and the code (ID-16). */
  readonly tokenHosts: readonly string[];
  /** Null for OpenID Connect, where discovery tells. */
  readonly oauth2: OAuth2Endpoints | null;
};
