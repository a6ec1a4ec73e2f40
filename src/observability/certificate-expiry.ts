import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';

/**
 * When the first certificate of a PEM file that ends does so, its chain included; null where it
 * cannot be read.
 */
export function certificateExpiry(file: string): Date | null {
  try {
    const blocks = readFileSync(file, 'utf8').match(
      /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g,
    );
    const ends = (blocks ?? []).map((pem) => Date.parse(new X509Certificate(pem).validTo));
    return ends.length === 0 ? null : new Date(Math.min(...ends));
  } catch {
    return null;
  }
}
