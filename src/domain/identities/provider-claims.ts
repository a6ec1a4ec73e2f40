import type { IdentityProvider } from '../../config/identity-providers.ts';
import type { ProviderAnswer } from '../../ports.ts';
import { parseEmailAddress } from '../addresses/email-address.ts';
import { oneLine } from '../one-line.ts';
import { anyTenant, tenantPlaceholder } from './metadata.ts';
import { ProviderFault } from './provider-fault.ts';

export type Claims = Readonly<Record<string, unknown>>;

/** An ID token is of this moment, give or take (ID-4). */
const issuedWithinSeconds = 10 * 60;

const multiFactorClasses: readonly unknown[] = [
  'http://schemas.openid.net/pape/policies/2007/06/multi-factor',
  // Phishing-resistant, and that by hardware (OpenID EAP ACR Values 1.0).
  ...['phr', 'phrh'],
];

/**
 * What the libraries let through of an ID token whose signature, issuer, audience, expiry and nonce
 * they have checked: any time of issue, another authorized party beside one audience, any tenant.
 */
export function checkIdToken(
  claims: Claims,
  {
    provider,
    clientIds,
    now,
  }: {
    readonly provider: IdentityProvider;
    /** The authorized parties that may be named. */
    readonly clientIds: readonly string[];
    readonly now: Date;
  },
): void {
  const { iat, azp, iss, tid } = claims;
  const age = now.getTime() / 1000 - (typeof iat === 'number' ? iat : Number.NaN);
  if (!(Math.abs(age) <= issuedWithinSeconds)) throw new ProviderFault('iat');
  if (azp !== undefined && !clientIds.some((id) => id === azp)) throw new ProviderFault('azp');
  if (!provider.issuer.includes(tenantPlaceholder)) return;
  // SECURITY: one key signs for all tenants, and whoever has one can name any address in it.
  const tenants = provider.tenants ?? [];
  const isAllowed =
    typeof tid === 'string' &&
    /^[\w-]{1,64}$/.test(tid) &&
    (tenants.includes(tid) || tenants.includes(anyTenant));
  if (!isAllowed) throw new ProviderFault('tenant');
  if (iss !== provider.issuer.replace(tenantPlaceholder, tid)) throw new ProviderFault('iss');
}

/** `profile` is the ID token, or what userinfo says where that has the address. */
export function answerOfClaims(
  provider: IdentityProvider,
  idToken: Claims,
  profile: Claims,
): ProviderAnswer {
  const { iss, sub, amr, acr } = idToken;
  if (typeof iss !== 'string') throw new ProviderFault('iss');
  const email = readAddress(profile['email']);
  const name = readLine(profile['name'] ?? idToken['name']);
  return {
    issuer: iss,
    subject: readSubject(typeof sub === 'string' ? sub : null),
    email,
    emailVerified: isTrusted(provider, email, profile['email_verified']),
    name,
    label: email ?? readLine(profile['preferred_username']) ?? name,
    provesSecondFactor:
      provider.trustsMfa &&
      ((Array.isArray(amr) && amr.includes('mfa')) || multiFactorClasses.includes(acr)),
  };
}

/**
 * SECURITY: absent, null and empty ones would make all such users one account (ID-6). A number
 * becomes text in one way; one that JSON has rounded, or 0, could be several users'.
 */
export function readSubject(value: unknown): string {
  const isNumber = typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
  const text = isNumber ? String(value) : value;
  // OpenID Connect Core 2: at most 255 ASCII characters.
  if (typeof text !== 'string' || !/^(?! *$)[\x20-\x7e]{1,255}$/.test(text))
    throw new ProviderFault('subject');
  return text;
}

/** SECURITY: `true` and nothing that resembles it, and only of a trusted provider (ID-7). */
export function isTrusted(
  provider: IdentityProvider,
  email: string | null,
  verified: unknown,
): boolean {
  return provider.trustEmail && email !== null && verified === true;
}

export function readAddress(value: unknown): string | null {
  return typeof value === 'string' ? (parseEmailAddress(value)?.address ?? null) : null;
}

/**
 * The name in Apple's `user`, which it has the browser send beside its answer, the first time
 * alone. No one has signed it: it is shown, and nothing follows from it.
 */
export function postedName(user: unknown): string | null {
  if (typeof user !== 'string' || user.length > longestUser) return null;
  try {
    const { firstName, lastName } = JSON.parse(user).name;
    return readLine([firstName, lastName].filter((part) => typeof part === 'string').join(' '));
  } catch {
    return null;
  }
}

/** Characters of JSON. */
const longestUser = 2048;

/** A name for people to read; null for what is none. */
export function readLine(value: unknown): string | null {
  if (typeof value !== 'string' || !value.isWellFormed()) return null;
  const line = oneLine(value.slice(0, 400).toWellFormed().normalize('NFC')).normalize('NFC');
  return line === '' ? null : Array.from(line).slice(0, 100).join('').trim();
}
