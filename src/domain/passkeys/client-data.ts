import { sameBytes, sha256 } from '../../secret-keys.ts';

type Expected = {
  readonly type: 'webauthn.create' | 'webauthn.get';
  /** SHA-256 of the challenge as text. */
  readonly challengeHash: Uint8Array;
  readonly origins: readonly string[];
};

type ClientData = { readonly challenge: string };

/**
 * What the browser says of its page, judged by us (WebAuthn 7.1 and 7.2, steps on C): the library
 * accepts a foreign frame that names no topOrigin, and bindings to TLS (PK-2, PK-10). A string is
 * the rule that is broken.
 */
export function judgeClientData(json: Uint8Array, expected: Expected): ClientData | string {
  const data = parse(json);
  if (data === null) return 'client_data';
  const { type, challenge, origin, crossOrigin, topOrigin, tokenBinding } = data;
  if (type !== expected.type) return 'type';
  if (typeof challenge !== 'string' || !sameBytes(sha256(challenge), expected.challengeHash))
    return 'challenge';
  if (typeof origin !== 'string' || !expected.origins.includes(origin)) return 'origin';
  if ((crossOrigin ?? false) !== false || topOrigin !== undefined) return 'cross_origin';
  if (tokenBinding !== undefined) return 'token_binding';
  return { challenge };
}

function parse(json: Uint8Array): Record<string, unknown> | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(json);
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
