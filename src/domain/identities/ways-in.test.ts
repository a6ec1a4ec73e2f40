import { expect, it } from 'vitest';
import { isLastWayIn, type WaysIn } from './ways-in.ts';

const rules = { rpId: 'localhost', providers: ['google'] };
const none: WaysIn = { user: { passwordHash: null }, passkeys: [], identities: [] };
const passkey = { id: 'passkey', rpId: 'localhost', uvInitialized: true };
const google = { id: 'google account', providerId: 'google' };

it('PK-8 a password keeps every other way removable', () => {
  const ways = { ...none, user: { passwordHash: 'hash' }, passkeys: [passkey] };
  expect(isLastWayIn(ways, passkey.id, rules)).toBe(false);
});

it('PK-8 the only passkey, or the only linked account, stays', () => {
  expect(isLastWayIn({ ...none, passkeys: [passkey] }, passkey.id, rules)).toBe(true);
  expect(isLastWayIn({ ...none, identities: [google] }, google.id, rules)).toBe(true);
});

it('PK-8 a passkey and a linked account stand in for each other', () => {
  const ways = { ...none, passkeys: [passkey], identities: [google] };
  expect(isLastWayIn(ways, passkey.id, rules)).toBe(false);
  expect(isLastWayIn(ways, google.id, rules)).toBe(false);
});

it('PK-8 ID-13 what signs no one in is no way in, and can always be removed', () => {
  const unverifying = { ...passkey, id: 'key', uvInitialized: false };
  const foreign = { ...passkey, id: 'foreign', rpId: 'example.com' };
  const disabled = { id: 'old account', providerId: 'disabled' };
  const ways = { ...none, passkeys: [unverifying, foreign], identities: [disabled, google] };
  expect(isLastWayIn(ways, google.id, rules)).toBe(true);
  for (const { id } of [unverifying, foreign, disabled])
    expect(isLastWayIn(ways, id, rules)).toBe(false);
});

it('PK-8 an account without any way in loses nothing', () => {
  expect(isLastWayIn(none, 'anything', rules)).toBe(false);
});
