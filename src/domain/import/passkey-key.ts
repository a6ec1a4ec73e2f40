import { createPublicKey } from 'node:crypto';
import { judgePublicKey } from '../passkeys/judge-public-key.ts';
import { loadWebAuthn } from '../passkeys/library.ts';

/** Null for what is no key, or one of an algorithm that no passkey of ours has (PK-11). */
export type KeyReader = (bytes: Uint8Array<ArrayBuffer>) => PasskeyKey | null;

type PasskeyKey = {
  /** As COSE (RFC 9052 7). */
  readonly publicKey: Uint8Array;
  /** COSE's number. */
  readonly algorithm: number;
};

/** A reader of keys as COSE, or as SPKI (RFC 5280 4.1), which some systems keep. */
export async function openKeyReader(): Promise<KeyReader> {
  const { decodeKey, encodeKey } = await loadWebAuthn();
  return (bytes) => {
    try {
      const isSpki = bytes[0] === derSequence;
      const cose = isSpki ? coseOf(bytes) : decodeKey(bytes);
      const algorithm = judgePublicKey(cose);
      if (algorithm === null) return null;
      return { algorithm, publicKey: isSpki ? encodeKey(new Map(coseOf(bytes))) : bytes };
    } catch {
      return null; // SECURITY: the error may quote the key.
    }
  };
}

/** COSE begins with a map. */
const derSequence = 0x30;

/** Parameters of COSE's EC2, OKP and RSA keys (RFC 9053 7, RFC 8230 4). */
function coseOf(spki: Uint8Array): Map<number, number | Uint8Array> {
  const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  const { kty, x, y, n, e } = key.export({ format: 'jwk' });
  if (kty === 'EC') return numbered([2, -7], [-1, 1], [-2, bytesOf(x)], [-3, bytesOf(y)]);
  if (kty === 'OKP') return numbered([1, -8], [-1, 6], [-2, bytesOf(x)]);
  return numbered([3, -257], [-1, bytesOf(n)], [-2, bytesOf(e)]);
}

type Parameter = readonly [number, number | Uint8Array];

function numbered(
  [kind, algorithm]: readonly [number, number],
  ...parameters: readonly Parameter[]
): Map<number, number | Uint8Array> {
  return new Map([[1, kind], [3, algorithm], ...parameters]);
}

function bytesOf(base64url: string | undefined): Uint8Array {
  return Buffer.from(base64url ?? '', 'base64url');
}
