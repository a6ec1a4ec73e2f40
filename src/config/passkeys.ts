import { isIP } from 'node:net';
import { isAppOrigin, isOfSite } from '../domain/passkeys/sites.ts';
import { exactOrigin, list, type Reader, reads, ruleOf } from './readers.ts';

export type PasskeySettings = {
  readonly enabled: boolean;
  /** The domain that passkeys belong to. */
  readonly rpId: string;
  /** What a browser or an Android app names as its origin, each exact (PK-2). */
  readonly origins: readonly string[];
  /** Passkeys that a user may have. */
  readonly limit: number;
};

const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const domain = new RegExp(`^(?=.{1,253}$)${label}(?:\\.${label})*$`);

export const relyingPartyId: Reader<string> = reads((text, refuse) =>
  domain.test(text) && isIP(text) === 0
    ? text
    : refuse('must be a domain such as example.com, in small letters, with no port or path'),
);

const passkeyOrigin: Reader<string> = reads((text, refuse) => {
  if (isAppOrigin(text)) return text;
  const result = exactOrigin.safeParse(text);
  if (result.success) return result.data;
  return refuse(
    'must be an exact origin such as https://app.example.com, or android:apk-key-hash: and 43 ' +
      'characters',
  );
});

const originList = list(passkeyOrigin);

export const passkeyOrigins: Reader<readonly string[]> = reads((text, refuse) => {
  const result = originList.safeParse(text);
  if (!result.success) return refuse(ruleOf(result.error));
  return result.data.length > 20 ? refuse('must have 20 origins at most') : result.data;
});

/** The settings with what follows from `appUrl` where nothing is set. */
export function passkeySettings(
  set: {
    readonly enabled: boolean;
    readonly rpId: string | null;
    readonly origins: readonly string[] | null;
    readonly limit: number;
  },
  appUrl: string,
): PasskeySettings {
  const { hostname, origin } = new URL(appUrl);
  const rpId = set.rpId ?? hostname;
  return {
    // Browsers take domains only (WebAuthn 5.1.3).
    enabled: set.enabled && domain.test(rpId) && isIP(rpId) === 0,
    rpId,
    origins: set.origins ?? [origin],
    limit: set.limit,
  };
}

/** Whether any site of the list has the RP ID's domain; a list of apps alone needs none. */
export function fitsOrigins({ enabled, rpId, origins }: PasskeySettings): boolean {
  return !enabled || origins.every(isAppOrigin) || origins.some((origin) => isOfSite(rpId, origin));
}
