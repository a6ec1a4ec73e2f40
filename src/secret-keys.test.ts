import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createSecretKeys, type KeyPurpose, sameBytes } from './secret-keys.ts';

// A record, so that the compiler demands every new purpose here too.
const everyPurpose: { [Purpose in KeyPurpose]: Purpose } = {
  'password-pepper': 'password-pepper',
  'otp-code': 'otp-code',
  'refresh-token': 'refresh-token',
  'signing-key-seal': 'signing-key-seal',
  'outbox-seal': 'outbox-seal',
  'totp-seal': 'totp-seal',
  'recovery-code': 'recovery-code',
  'imported-hash-seal': 'imported-hash-seal',
  'identity-flow-seal': 'identity-flow-seal',
  identifier: 'identifier',
};
const purposes = Object.values(everyPurpose);

const old = randomBytes(32);
const fresh = randomBytes(32);
const before = createSecretKeys([old]);
const rotating = createSecretKeys([fresh, old]);
const after = createSecretKeys([fresh]);
const plain = Buffer.from('a confidential text');

describe('keys of different purposes', () => {
  it('CF-3 are different, and so are their ids', () => {
    const macs = purposes.map((purpose) => before.mac(purpose, 'same'));
    expect(new Set(macs.map(({ mac }) => mac.toString('hex'))).size).toBe(purposes.length);
    expect(new Set(macs.map(({ keyId }) => keyId)).size).toBe(purposes.length);
    expect(macs.every(({ mac }) => mac.length === 32)).toBe(true);
  });

  it('CF-3 cannot open values sealed for another purpose', () => {
    for (const purpose of purposes) {
      const sealed = before.seal(purpose, 'row 1', plain);
      for (const other of purposes) {
        expect(before.open(other, 'row 1', sealed)?.toString() ?? null).toBe(
          purpose === other ? plain.toString() : null,
        );
      }
    }
  });

  it('CF-3 are derived deterministically from the secret', () => {
    expect(createSecretKeys([old]).mac('otp-code', 'x')).toEqual(before.mac('otp-code', 'x'));
    expect(after.mac('otp-code', 'x').mac).not.toEqual(before.mac('otp-code', 'x').mac);
  });
});

describe('a sealed value', () => {
  const sealed = before.seal('totp-seal', 'user 1', plain);

  it('opens to the original bytes', () => {
    expect(before.open('totp-seal', 'user 1', sealed)).toEqual(plain);
    expect(
      before.open('totp-seal', 'user 1', before.seal('totp-seal', 'user 1', Buffer.alloc(0))),
    ).toEqual(Buffer.alloc(0));
  });

  it('does not open in another context', () => {
    for (const context of ['user 2', '', 'user 1 '])
      expect(before.open('totp-seal', context, sealed)).toBeNull();
  });

  it('does not open with any bit changed, cut or added', () => {
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const changed = Uint8Array.from(sealed, (byte, index) =>
        index === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte,
      );
      expect(before.open('totp-seal', 'user 1', changed)).toBeNull();
    }
    for (let length = 0; length < sealed.length; length += 1) {
      expect(before.open('totp-seal', 'user 1', sealed.slice(0, length))).toBeNull();
    }
    expect(before.open('totp-seal', 'user 1', Buffer.concat([sealed, Buffer.of(0)]))).toBeNull();
  });

  it('differs each time and does not contain the plaintext', () => {
    const again = before.seal('totp-seal', 'user 1', plain);
    expect(Buffer.from(again).equals(sealed)).toBe(false);
    expect(Buffer.from(sealed).includes(plain)).toBe(false);
  });
});

describe('a rotated SECRET_KEY', () => {
  it('CF-3 opens values sealed under the previous key, and seals under the new one', () => {
    const sealed = before.seal('outbox-seal', 'mail 1', plain);
    expect(rotating.open('outbox-seal', 'mail 1', sealed)).toEqual(plain);
    const resealed = rotating.seal('outbox-seal', 'mail 1', plain);
    expect(before.open('outbox-seal', 'mail 1', resealed)).toBeNull();
    expect(after.open('outbox-seal', 'mail 1', resealed)).toEqual(plain);
  });

  it('CF-3 yields null for values of the previous key once that is removed', () => {
    expect(
      after.open('outbox-seal', 'mail 1', before.seal('outbox-seal', 'mail 1', plain)),
    ).toBeNull();
    const { keyId, mac } = before.mac('refresh-token', 'token');
    expect(after.macWith('refresh-token', keyId, 'token')).toBeNull();
    expect(rotating.macWith('refresh-token', keyId, 'token')).toEqual(mac);
  });

  it('CF-3 computes lookup MACs under both keys, the new one first', () => {
    expect(rotating.macs('refresh-token', 'token')).toEqual([
      after.mac('refresh-token', 'token').mac,
      before.mac('refresh-token', 'token').mac,
    ]);
  });
});

describe('sameBytes', () => {
  it('is true only for equal bytes', () => {
    expect(sameBytes(Buffer.from('abc'), Buffer.from('abc'))).toBe(true);
    expect(sameBytes(Buffer.from('abc'), Buffer.from('abd'))).toBe(false);
    expect(sameBytes(Buffer.from('abc'), Buffer.from('abcd'))).toBe(false);
    expect(sameBytes(Buffer.from('abc'), Buffer.alloc(0))).toBe(false);
  });
});
