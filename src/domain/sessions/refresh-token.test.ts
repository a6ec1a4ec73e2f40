import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { systemRandom } from '../../random.ts';
import { createSecretKeys, sameBytes, sha256 } from '../../secret-keys.ts';
import { firstRefreshToken, readRefreshToken, successorsOf } from './refresh-token.ts';

const secret = randomBytes(32);
const keys = createSecretKeys([secret]);
const app = { keys, random: systemRandom };
const sessionId = '0192f0c0-1111-7000-8000-000000000001';

describe('refresh tokens', () => {
  it('SE-1 not issued by this server are refused: every bit counts', () => {
    const bytes = Buffer.from(firstRefreshToken(app, sessionId).value, 'base64url');
    for (let index = 0; index < bytes.length; index += 1) {
      const changed = Buffer.from(bytes);
      changed[index] = (changed[index] ?? 0) ^ 1;
      expect(readRefreshToken(keys, changed.toString('base64url'))).toBeNull();
    }
    const { value } = firstRefreshToken(app, sessionId);
    const foreign = firstRefreshToken(
      { ...app, keys: createSecretKeys([randomBytes(32)]) },
      sessionId,
    );
    for (const wrong of [
      '',
      'x',
      `${value}A`,
      ` ${value}`,
      `${value}=`,
      value.slice(0, -1),
      foreign.value,
      sessionId,
    ]) {
      expect(readRefreshToken(keys, wrong)).toBeNull();
    }
  });

  it('SE-1 have at least 256 random bits, in base64url, and 10,000 are all different', () => {
    const values = new Set<string>();
    const secrets = new Set<string>();
    let isRight = true;
    for (let count = 0; count < 10_000; count += 1) {
      const { value, hash } = firstRefreshToken(app, sessionId);
      const bytes = Buffer.from(value, 'base64url');
      isRight &&= /^[A-Za-z0-9_-]{91}$/.test(value) && sameBytes(hash, sha256(bytes));
      values.add(value);
      secrets.add(bytes.subarray(20, 52).toString('hex'));
    }
    expect(isRight).toBe(true);
    expect(values.size).toBe(10_000);
    expect(secrets.size).toBe(10_000);
  });

  it('SE-3 have one successor, which cannot be derived without the key', () => {
    const token = firstRefreshToken(app, sessionId);
    const [next] = successorsOf(keys, token);
    expect(successorsOf(keys, token)).toEqual([next]);
    expect(next).toMatchObject({ sessionId, generation: 1 });
    expect(readRefreshToken(keys, next?.value ?? '')).toEqual(next);
    const [guess] = successorsOf(createSecretKeys([randomBytes(32)]), token);
    expect(guess?.value).not.toBe(next?.value);
  });

  it('are read, and keep their successor, while SECRET_KEY is being rotated', () => {
    const token = firstRefreshToken(app, sessionId);
    const [before] = successorsOf(keys, token);
    const rotated = createSecretKeys([randomBytes(32), secret]);
    expect(readRefreshToken(rotated, token.value)).toEqual(token);
    const candidates = successorsOf(rotated, token);
    expect(candidates).toHaveLength(2);
    expect(candidates).toContainEqual(before);
  });
});
