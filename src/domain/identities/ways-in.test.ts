import { expect, it } from 'vitest';
import { isLastWayIn, type WaysIn } from './ways-in.ts';

const issuer = 'https://accounts.example.com';
const providers = [{ id: 'google', issuer, tenants: null }];
const rules = { rpId: 'localhost', providers };
const none: WaysIn = { user: { passwordHash: null }, passkeys: [], identities: [] };
const passkey = { id: 'passkey', rpId: 'localhost', uvInitialized: true };
const google = { id: 'google account', providerId: 'google', issuer };

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
  const disabled = { id: 'old account', providerId: 'disabled', issuer };
  const ways = { ...none, passkeys: [unverifying, foreign], identities: [disabled, google] };
  expect(isLastWayIn(ways, google.id, rules)).toBe(true);
  for (const { id } of [unverifying, foreign, disabled])
    expect(isLastWayIn(ways, id, rules)).toBe(false);
});

it('PK-8 an account without any way in loses nothing', () => {
  expect(isLastWayIn(none, 'anything', rules)).toBe(false);
});

it('PK-8 ADV-64 an account of the issuer that a provider had before signs no one in', () => {
  const before = { ...google, id: 'before', issuer: 'https://old.example.com' };
  const ways = { ...none, passkeys: [passkey], identities: [before] };
  expect(isLastWayIn(ways, passkey.id, rules)).toBe(true);
  expect(isLastWayIn(ways, before.id, rules)).toBe(false);
});

it('PK-8 ID-4 an account of a tenant is a way in as long as its tenant may sign in', () => {
  const [first, second] = ['first', 'second'].map((tenant) => ({
    id: tenant,
    providerId: 'google',
    issuer: `${issuer}/${tenant}/v2.0`,
  }));
  if (!first || !second) throw new Error('There are two.');
  const ways = { ...none, identities: [first, second] };
  const ofTenants = (tenants: string[]) => ({
    ...rules,
    providers: [{ id: 'google', issuer: `${issuer}/{tenantid}/v2.0`, tenants }],
  });
  expect(isLastWayIn(ways, first.id, ofTenants(['first']))).toBe(true);
  expect(isLastWayIn(ways, first.id, ofTenants(['first', 'second']))).toBe(false);
  expect(isLastWayIn(ways, first.id, ofTenants(['*']))).toBe(false);
  const foreign = { ...second, issuer: `https://evil.example.com/second/v2.0` };
  const others = { ...none, identities: [first, foreign] };
  expect(isLastWayIn(others, first.id, ofTenants(['*']))).toBe(true);
});
