import type { IdentityProvider } from './identity-providers.ts';

/** What a preset fills in of its provider. */
export type IdentityPreset = Pick<
  IdentityProvider,
  'name' | 'kind' | 'issuer' | 'scopes' | 'responseMode' | 'tokenHosts' | 'oauth2'
>;

const openId = {
  kind: 'oidc',
  scopes: ['openid', 'email', 'profile'],
  responseMode: 'query',
  tokenHosts: [],
  oauth2: null,
} as const;

const plain = { kind: 'oauth2', responseMode: 'query', tokenHosts: [] } as const;

/** Tried against the providers' documents of 2026; docs/integrations/providers.md has the steps. */
export const identityPresets = {
  google: {
    ...openId,
    name: 'Google',
    issuer: 'https://accounts.google.com',
    tokenHosts: ['oauth2.googleapis.com'],
  },
  microsoft: {
    ...openId,
    name: 'Microsoft',
    issuer: 'https://login.microsoftonline.com/{tenantid}/v2.0',
  },
  apple: {
    ...openId,
    name: 'Apple',
    issuer: 'https://appleid.apple.com',
    scopes: ['openid', 'email', 'name'],
    // It answers in no other way to whom it gives an address.
    responseMode: 'form_post',
  },
  github: {
    ...plain,
    name: 'GitHub',
    issuer: 'https://github.com',
    scopes: ['read:user', 'user:email'],
    oauth2: {
      authorizationUrl: 'https://github.com/login/oauth/authorize',
      tokenUrl: 'https://github.com/login/oauth/access_token',
      userinfoUrl: 'https://api.github.com/user',
      emailsUrl: 'https://api.github.com/user/emails',
      members: {
        subject: 'id',
        email: 'email',
        emailVerified: 'verified',
        name: 'name',
        label: 'login',
      },
      usesPkce: true,
    },
  },
  gitlab: { ...openId, name: 'GitLab', issuer: 'https://gitlab.com' },
  discord: {
    ...plain,
    name: 'Discord',
    issuer: 'https://discord.com',
    scopes: ['identify', 'email'],
    oauth2: {
      authorizationUrl: 'https://discord.com/oauth2/authorize',
      tokenUrl: 'https://discord.com/api/oauth2/token',
      userinfoUrl: 'https://discord.com/api/users/@me',
      emailsUrl: null,
      members: {
        subject: 'id',
        email: 'email',
        emailVerified: 'verified',
        name: 'global_name',
        label: 'username',
      },
      usesPkce: true,
    },
  },
  facebook: {
    ...plain,
    name: 'Facebook',
    issuer: 'https://www.facebook.com',
    scopes: ['email', 'public_profile'],
    oauth2: {
      authorizationUrl: 'https://www.facebook.com/dialog/oauth',
      tokenUrl: 'https://graph.facebook.com/oauth/access_token',
      userinfoUrl: 'https://graph.facebook.com/me?fields=id,name,email',
      emailsUrl: null,
      // It says of no address whether it is verified.
      members: {
        subject: 'id',
        email: 'email',
        emailVerified: 'email_verified',
        name: 'name',
        label: 'email',
      },
      usesPkce: true,
    },
  },
  linkedin: {
    ...plain,
    name: 'LinkedIn',
    issuer: 'https://www.linkedin.com/oauth',
    scopes: ['openid', 'profile', 'email'],
    oauth2: {
      authorizationUrl: 'https://www.linkedin.com/oauth/v2/authorization',
      tokenUrl: 'https://www.linkedin.com/oauth/v2/accessToken',
      userinfoUrl: 'https://api.linkedin.com/v2/userinfo',
      emailsUrl: null,
      members: {
        subject: 'sub',
        email: 'email',
        emailVerified: 'email_verified',
        name: 'name',
        label: 'email',
      },
      // Its ID tokens have no nonce, and it refuses a verifier (docs/decisions/054-providers.md).
      usesPkce: false,
    },
  },
} as const satisfies Record<string, IdentityPreset>;

export type IdentityPresetName = keyof typeof identityPresets;

export const identityPresetNames = Object.keys(identityPresets) as IdentityPresetName[];
