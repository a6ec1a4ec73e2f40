import { X509Certificate } from 'node:crypto';

/** When the first to expire of a certificate and its chain does; null where PEM has none. */
export function certificateExpiry(pem: string): Date | null {
  const blocks = pem.match(
    /-----BEGIN ((?:X509 |TRUSTED )?CERTIFICATE)-----[^-]+-----END \1-----/g,
  );
  try {
    const ends = (blocks ?? []).map((block) => Date.parse(new X509Certificate(block).validTo));
    return ends.length === 0 ? null : new Date(Math.min(...ends));
  } catch {
    return null;
  }
}
