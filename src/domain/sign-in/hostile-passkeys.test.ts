import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { countSessions } from '../../testing/factors.ts';
import { createPasskeyKey } from '../../testing/passkey-key.ts';
import {
  type AssertionOverrides,
  type CredentialJson,
  type PasskeySigner,
  spoilt,
} from '../../testing/passkey-signer.ts';
import { addPasskey, passkeyOrigin, signInWithPasskey } from '../../testing/passkeys.ts';
import { type Person, registerPerson } from '../../testing/people.ts';
import { auditOf } from '../../testing/rows.ts';

let server: TestServer;
let owner: Person;
let other: Person;
let signer: PasskeySigner;
let others: PasskeySigner;
beforeAll(async () => {
  server = await startTestServer();
  owner = await registerPerson(server);
  other = await registerPerson(server);
  ({ signer } = await addPasskey(server, owner));
  ({ signer: others } = await addPasskey(server, other));
  await signInWithPasskey(server, signer, { counter: seenCounter });
});
afterAll(() => server.stop());

/** Of the owner's last sign-in. */
const seenCounter = 5;

const refused = 'INVALID_CREDENTIALS';
const malformed = 'VALIDATION_FAILED';
/** Refused before any verb has run, as an argument that the schema does not take. */
const badInput = 'BAD_USER_INPUT';
/** The request's body is no JSON that is taken. */
const badBody = 'BAD_REQUEST';

const again = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');
const bytesOf = (credential: CredentialJson, name: string) =>
  Buffer.from(String(credential.response[name]), 'base64url');

/** What an answer would have said, changed after it was signed or before. */
type Hostile =
  | { readonly signs: () => AssertionOverrides }
  | { readonly sends: (right: CredentialJson) => unknown };

const signs = (overrides: AssertionOverrides | (() => AssertionOverrides)): Hostile => ({
  signs: typeof overrides === 'function' ? overrides : () => overrides,
});
const sends = (change: (right: CredentialJson) => unknown): Hostile => ({ sends: change });
const responds = (name: string, change: (text: string) => unknown): Hostile =>
  sends((right) => ({
    ...right,
    response: { ...right.response, [name]: change(String(right.response[name])) },
  }));
const nested = (depth: number): object => (depth === 0 ? {} : { in: nested(depth - 1) });

const table: readonly [title: string, code: string, hostile: Hostile][] = [
  ['another challenge', refused, signs({ challenge: again(Buffer.alloc(32, 7)) })],
  ['no challenge', refused, signs({ clientData: { challenge: undefined } })],
  ['a challenge in other letters', refused, signs({ clientData: { challenge: 7 } })],
  ['PK-2 an origin below ours', refused, signs({ origin: 'http://evil.localhost:3000' })],
  ['PK-2 an origin at another port', refused, signs({ origin: 'http://localhost:3001' })],
  ['PK-2 an origin of another scheme', refused, signs({ origin: 'https://localhost:3000' })],
  ['PK-2 an origin with a path', refused, signs({ origin: `${passkeyOrigin}/` })],
  ['PK-2 a list of origins', refused, signs({ clientData: { origin: [passkeyOrigin] } })],
  ['PK-2 another RP ID', refused, signs({ rpId: 'example.com' })],
  ['PK-2 the answer of a registration', refused, signs({ type: 'webauthn.create' })],
  ['PK-2 the answer of a payment', refused, signs({ type: 'payment.get' })],
  ['PK-10 a foreign frame', refused, signs({ crossOrigin: true })],
  [
    'PK-10 a foreign frame that names our page',
    refused,
    signs({ crossOrigin: true, topOrigin: passkeyOrigin }),
  ],
  ['PK-10 a page around ours alone', refused, signs({ topOrigin: 'https://evil.example' })],
  ['PK-10 a frame in words', refused, signs({ clientData: { crossOrigin: 'false' } })],
  ['a binding to TLS', refused, signs({ tokenBinding: { status: 'present', id: 'AAAA' } })],
  ['PK-3 no verified user', refused, signs({ uv: false })],
  ['no user at all', refused, signs({ up: false })],
  ['PK-6 a backup of what has none', refused, signs({ bs: true })],
  ['PK-17 a key that may suddenly be copied', refused, signs({ be: true })],
  ['PK-17 the same with a copy', refused, signs({ be: true, bs: true })],
  ['PK-6 a counter that went back', refused, signs({ counter: seenCounter - 1 })],
  ['PK-6 a counter that stayed', refused, signs({ counter: seenCounter })],
  ['PK-6 a counter at its start', refused, signs({ counter: 0 })],
  ['PK-18 an extension that is unknown', refused, signs({ extensions: { takeOver: true } })],
  ['an extension that is no map', refused, signs({ extensions: 'takeOver' })],
  [
    'PK-9 the credential id of another',
    refused,
    signs(() => ({ credentialId: others.credentialId })),
  ],
  ['PK-9 another key', refused, signs(() => ({ key: others.key }))],
  ['a new key', refused, signs(() => ({ key: createPasskeyKey('ES256') }))],
  ['a signature of another kind', refused, signs(() => ({ key: createPasskeyKey('EdDSA') }))],
  ['PK-14 the user handle of another', refused, signs(() => ({ userHandle: others.userHandle() }))],
  ['PK-14 no user handle', refused, signs({ userHandle: null })],
  ['a signature of one byte', refused, signs({ signature: Buffer.of(0) })],
  ['client data in Latin-1', refused, signs({ clientDataJSON: Buffer.of(0x7b, 0xe4, 0x7d) })],
  ['client data that is no JSON', refused, signs({ clientDataJSON: 'webauthn.get' })],
  ['client data in a list', refused, signs({ clientDataJSON: '[]' })],
  ['client data that is null', refused, signs({ clientDataJSON: 'null' })],
  ['deep client data', refused, signs({ clientDataJSON: '['.repeat(8000) })],
  ['no authenticator data', refused, signs({ authenticatorData: Buffer.alloc(36) })],
  [
    'a spoilt signature',
    refused,
    sends((right) => ({
      ...right,
      response: { ...right.response, signature: again(spoilt(bytesOf(right, 'signature'))) },
    })),
  ],
  [
    'more authenticator data than was signed',
    refused,
    sends((right) => ({
      ...right,
      response: {
        ...right.response,
        authenticatorData: again(
          Buffer.concat([bytesOf(right, 'authenticatorData'), Buffer.of(0)]),
        ),
      },
    })),
  ],
  [
    'an id of its own beside the raw one',
    malformed,
    sends((right) => ({
      ...right,
      id: again(others.credentialId),
    })),
  ],
  [
    'a raw id of its own',
    malformed,
    sends((right) => ({
      ...right,
      rawId: again(others.credentialId),
    })),
  ],
  ['PK-5 an id of 1,024 bytes', malformed, signs({ credentialId: Buffer.alloc(1024, 1) })],
  ['PK-18 padding', malformed, responds('signature', (text) => `${text}=`)],
  [
    'PK-18 the other alphabet',
    malformed,
    responds('signature', (text) => `${text.slice(0, -4)}+/+/`),
  ],
  ['PK-18 a space', malformed, responds('clientDataJSON', (text) => ` ${text}`)],
  [
    'PK-18 bits that are left over',
    malformed,
    sends((right) => ({
      ...right,
      id: 'AB',
      rawId: 'AB',
    })),
  ],
  ['PK-18 nothing', malformed, responds('signature', () => '')],
  ['PK-18 a number', malformed, responds('authenticatorData', () => 7)],
  ['a user handle of 65 bytes', malformed, responds('userHandle', () => again(Buffer.alloc(65)))],
  ['another kind of credential', malformed, sends((right) => ({ ...right, type: 'password' }))],
  ['no response', malformed, sends(({ response: _, ...right }) => right)],
  ['a response in a list', malformed, sends((right) => ({ ...right, response: [right.response] }))],
  ['nothing at all', malformed, sends(() => ({}))],
  ['PK-18 more than 16 KiB', badInput, sends((right) => ({ ...right, more: 'x'.repeat(16_384) }))],
  ['PK-18 more than eight levels', badInput, sends((right) => ({ ...right, more: nested(8) }))],
  ['a list', badInput, sends((right) => [right])],
  ['its text', badInput, sends((right) => JSON.stringify(right))],
  [
    'a member named __proto__',
    badBody,
    sends((right) => JSON.parse(`{"__proto__":${JSON.stringify(right)}}`)),
  ],
];

describe('a sign-in by passkey', () => {
  it('holds at least 25 hostile answers to it', () => {
    expect(table.length).toBeGreaterThan(25);
  });

  it.each(table)('PK-9 PK-10 ADV-60 refuses %s', async (_, code, hostile) => {
    const before = await countSessions(server, owner.id);
    const begun = await server.mutate('requestPasskeyLogin', {});
    const right = signer.assert(begun.options, 'signs' in hostile ? hostile.signs() : {});
    const credential = 'sends' in hostile ? hostile.sends(right) : right;
    const answer = await server.mutate('verifyPasskey', { challengeId: begun.id, credential });
    expect(answer.errors?.[0]?.extensions ?? answer).toMatchObject({ code });
    expect(await countSessions(server, owner.id)).toBe(before);
    expect(await countSessions(server, other.id)).toBe(1);
  });

  it('still takes the right answer', async () => {
    const tokens = await signInWithPasskey(server, signer);
    expect(tokens).toMatchObject({ __typename: 'AuthTokens', user: { id: owner.id } });
  });

  it('ignores members that it does not know, and keeps none of them (PK-18)', async () => {
    const tokens = await signInWithPasskey(server, signer, {
      clientExtensionResults: { appid: true, prf: { results: { first: 'secret-of-an-app' } } },
      clientData: { other_keys_can_be_added_here: 'do not compare against a template' },
      json: { authenticatorAttachment: 'made-up', more: nested(5) },
    });
    expect(tokens.__typename).toBe('AuthTokens');
  });

  it('PK-15 says the same of every refusal, and keeps the reason in the trail', async () => {
    const messages = new Set<string>();
    server.clock.advance(1);
    for (const overrides of [{ uv: false }, { origin: 'https://evil.example' }, { rpId: 'x' }]) {
      const { message } = await signInWithPasskey(server, signer, overrides);
      messages.add(message);
      server.clock.advance(1);
    }
    const unknownChallenge = await server.mutate('verifyPasskey', {
      challengeId: 'made-up',
      credential: signer.assert({ challenge: 'AAAA' }),
    });
    messages.add(unknownChallenge.message);
    expect([...messages]).toEqual(['The passkey was not accepted.']);
    const events = await auditOf(server, owner.id, 'passkey.failed');
    const reasons = events.slice(-3).map(({ detail }) => detail?.['reason']);
    expect(reasons).toEqual(['user_verification', 'origin', 'rp_id']);
  });
});
