import { createHash, createPublicKey, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { encodeCbor } from './cbor.ts';
import { type CredentialJson, createPasskeySigner, spoilt } from './passkey-signer.ts';

const origin = 'https://app.example.com';
const creation = {
  challenge: 'Y2hhbGxlbmdl',
  rp: { id: 'example.com' },
  user: { id: 'aGFuZGxl' },
};
const request = { challenge: 'b3RoZXI', rpId: 'example.com' };

const member = ({ response }: CredentialJson, name: string): Buffer =>
  Buffer.from(String(response[name]), 'base64url');
const clientData = (json: CredentialJson) => JSON.parse(String(member(json, 'clientDataJSON')));
const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest();

/** Verified as WebAuthn 7.2 says, with the public key that the browser hands out. */
function isSigned(json: CredentialJson, spki: Buffer, digest: string | null): boolean {
  const data = [member(json, 'authenticatorData'), sha256(member(json, 'clientDataJSON'))];
  const key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
  return verify(digest, Buffer.concat(data), key, member(json, 'signature'));
}

describe('the passkey signer', () => {
  it.each([
    ['ES256', -7, 'sha256'],
    ['EdDSA', -8, null],
    ['RS256', -257, 'sha256'],
  ] as const)('signs with %s', (algorithm, id, digest) => {
    const signer = createPasskeySigner({ origin, algorithm });
    const { response } = signer.register(creation);
    expect(response).toMatchObject({ publicKeyAlgorithm: id });
    const spki = Buffer.from(String(response['publicKey']), 'base64url');
    expect(isSigned(signer.assert(request), spki, digest)).toBe(true);
    expect(isSigned(signer.assert(request, { signature: spoilt(spki) }), spki, digest)).toBe(false);
  });

  it('lays out a registration as WebAuthn 6.5.1 and 8.7 say', () => {
    const signer = createPasskeySigner({ origin, bs: true, be: true });
    const json = signer.register(creation);
    expect(json).toMatchObject({
      id: signer.credentialId.toString('base64url'),
      rawId: json.id,
      type: 'public-key',
      authenticatorAttachment: 'platform',
      clientExtensionResults: {},
    });
    expect(clientData(json)).toEqual({
      type: 'webauthn.create',
      challenge: creation.challenge,
      origin,
      crossOrigin: false,
    });
    const data = member(json, 'authenticatorData');
    expect(data.subarray(0, 32)).toEqual(sha256('example.com'));
    expect(data.subarray(32, 37).toString('hex')).toBe('5d00000000');
    expect(data.subarray(53, 55).toString('hex')).toBe('0020');
    expect(data.subarray(55, 87)).toEqual(signer.credentialId);
    expect(data.subarray(87)).toEqual(signer.key.cose);
    expect(member(json, 'attestationObject')).toEqual(
      encodeCbor({ fmt: 'none', attStmt: {}, authData: data }),
    );
  });

  it('counts up, and names the account of its registration', () => {
    const signer = createPasskeySigner({ origin });
    expect(signer.assert(request).response).not.toHaveProperty('userHandle');
    signer.register(creation);
    expect(signer.assert(request).response).toMatchObject({ userHandle: creation.user.id });
    expect(signer.counter()).toBe(2);
    const synced = createPasskeySigner({ origin, counts: false });
    synced.assert(request);
    expect(synced.counter()).toBe(0);
  });

  it('puts into the client data what a test wants there', () => {
    const signer = createPasskeySigner({ origin });
    const overrides = {
      challenge: 'abc',
      origin: 'https://evil.example',
      type: 'webauthn.create',
      crossOrigin: true,
      topOrigin: 'https://top.example',
      tokenBinding: { status: 'present', id: 'x' },
    };
    expect(clientData(signer.assert(request, overrides))).toEqual(overrides);
    const without = signer.assert(request, { clientData: { crossOrigin: undefined, more: 1 } });
    expect(clientData(without)).not.toHaveProperty('crossOrigin');
    expect(clientData(without)).toHaveProperty('more', 1);
    expect(String(member(signer.assert(request, { clientDataJSON: '{' }), 'clientDataJSON'))).toBe(
      '{',
    );
  });

  it('puts into the authenticator data what a test wants there, and signs it', () => {
    const signer = createPasskeySigner({ origin });
    const json = signer.assert(request, {
      rpId: 'evil.example',
      counter: 7,
      up: false,
      uv: false,
      be: true,
      extensions: { unknown: true },
    });
    const data = member(json, 'authenticatorData');
    expect(data.subarray(0, 32)).toEqual(sha256('evil.example'));
    expect(data.subarray(32).toString('hex')).toBe('8800000007a167756e6b6e6f776ef5');
    expect(isSigned(json, signer.key.spki, 'sha256')).toBe(true);
  });

  it('puts into the JSON what a test wants there', () => {
    const signer = createPasskeySigner({ origin });
    signer.register(creation);
    const credentialId = Buffer.from('another');
    const json = signer.assert(request, {
      credentialId,
      userHandle: null,
      json: { rawId: '?', type: undefined },
      response: { signature: '!' },
    });
    expect(json).toMatchObject({ id: credentialId.toString('base64url'), rawId: '?' });
    expect(json.type).toBeUndefined();
    expect(json.response).toMatchObject({ signature: '!' });
    expect(json.response).not.toHaveProperty('userHandle');
    const other = signer.register(creation, { algorithm: 'PS256', credentialId });
    expect(other.response).toMatchObject({ publicKeyAlgorithm: -37 });
    expect(member(other, 'authenticatorData').subarray(55, 62)).toEqual(credentialId);
  });
});
