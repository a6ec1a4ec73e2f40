/** Bytes in base64url, as WebAuthn's JSON has them. */
export function writeBytes(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}
