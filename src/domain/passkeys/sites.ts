/** SHA-256 of the certificate that signs an Android app, as its Credential Manager names it. */
const androidApp = /^android:apk-key-hash:[A-Za-z0-9_-]{43}$/;

/** Whether an origin is that of an app and not of a site. */
export function isAppOrigin(origin: string): boolean {
  return androidApp.test(origin);
}

/** Whether a browser at `origin` takes the RP ID as it is, with no list of related origins. */
export function isOfSite(rpId: string, origin: string): boolean {
  if (isAppOrigin(origin)) return false;
  const { hostname } = new URL(origin);
  return hostname === rpId || (rpId.includes('.') && hostname.endsWith(`.${rpId}`));
}

type Settings = {
  readonly enabled: boolean;
  readonly rpId: string;
  readonly origins: readonly string[];
};

/**
 * The sites that use the passkeys of an RP ID where some of them have another domain; none where no
 * browser needs the list, or passkeys are off (WebAuthn 5.11).
 */
export function relatedOrigins({ enabled, rpId, origins }: Settings): readonly string[] {
  const sites = origins.filter((origin) => !isAppOrigin(origin));
  const isNeeded = enabled && sites.some((origin) => !isOfSite(rpId, origin));
  return isNeeded ? sites : [];
}
