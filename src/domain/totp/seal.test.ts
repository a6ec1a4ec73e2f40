import { describe, expect, it } from 'vitest';
import { createSecretKeys } from '../../secret-keys.ts';
import { openTotpSecret, sealTotpSecret } from './seal.ts';

const keys = createSecretKeys([Buffer.alloc(32, 1)]);
const secret = Buffer.from('12345678901234567890');
const owner = { userId: 'user-1', authenticatorId: 'app-1' };

describe('a sealed TOTP secret', () => {
  it('DP-1 opens for no other user, no other authenticator and no other key', () => {
    const sealed = sealTotpSecret(keys, owner, secret);
    expect(openTotpSecret(keys, { ...owner, userId: 'user-2' }, sealed)).toBeNull();
    expect(openTotpSecret(keys, { ...owner, authenticatorId: 'app-2' }, sealed)).toBeNull();
    expect(openTotpSecret(createSecretKeys([Buffer.alloc(32, 2)]), owner, sealed)).toBeNull();
  });

  it('DP-1 does not open with any one bit changed, or truncated', () => {
    const sealed = Buffer.from(sealTotpSecret(keys, owner, secret));
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const changed = Buffer.from(sealed);
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      expect(openTotpSecret(keys, owner, changed)).toBeNull();
    }
    for (let length = 0; length < sealed.length; length += 1) {
      expect(openTotpSecret(keys, owner, sealed.subarray(0, length))).toBeNull();
    }
  });

  it('opens for its owner, also under a key being rotated out, and differs each time', () => {
    const sealed = sealTotpSecret(keys, owner, secret);
    expect(openTotpSecret(keys, owner, sealed)).toEqual(secret);
    const rotated = createSecretKeys([Buffer.alloc(32, 2), Buffer.alloc(32, 1)]);
    expect(openTotpSecret(rotated, owner, sealed)).toEqual(secret);
    expect(Buffer.from(sealTotpSecret(keys, owner, secret))).not.toEqual(Buffer.from(sealed));
    expect(Buffer.from(sealed).includes(secret)).toBe(false);
  });
});
