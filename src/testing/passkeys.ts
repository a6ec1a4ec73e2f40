import type { TestServer } from './app.ts';
import {
  type AssertionOverrides,
  createPasskeySigner,
  type PasskeySigner,
  type RegistrationOverrides,
  type SignerOptions,
} from './passkey-signer.ts';
import type { Person } from './people.ts';

type Mutating = Pick<TestServer, 'mutate'>;

/** The page that the test configuration lets use passkeys. */
export const passkeyOrigin = 'http://localhost:3000';

export function newSigner(options: Partial<SignerOptions> = {}): PasskeySigner {
  return createPasskeySigner({ origin: passkeyOrigin, ...options });
}

/** Registers the signer's passkey for a person who has just signed in; the answer. */
export async function registerPasskey(
  server: Mutating,
  person: Pick<Person, 'accessToken'>,
  signer: PasskeySigner,
  overrides: RegistrationOverrides & { readonly name?: string } = {},
  // biome-ignore lint/suspicious/noExplicitAny: answers of the API, see client.ts.
): Promise<any> {
  const sender = { token: person.accessToken };
  const begun = await server.mutate('startPasskeyRegistration', {}, sender);
  if (begun.__typename !== 'PasskeyChallenge') return begun;
  const { name, ...rest } = overrides;
  const credential = signer.register(begun.options, rest);
  const input = { challengeId: begun.id, credential, name };
  return server.mutate('confirmPasskeyRegistration', input, sender);
}

/** A new passkey of a person, who has read the mail about it. */
export async function addPasskey(
  server: TestServer,
  person: Person,
  options: Partial<SignerOptions> = {},
): Promise<{ signer: PasskeySigner; id: string }> {
  const signer = newSigner(options);
  const added = await registerPasskey(server, person, signer);
  if (added.__typename !== 'Passkey')
    throw new Error(`The passkey was not added: ${JSON.stringify(added)}`);
  await server.nextMail(person.email);
  return { signer, id: added.id };
}

/** A sign-in that begins with the passkey; the answer. */
export async function signInWithPasskey(
  server: Mutating,
  signer: PasskeySigner,
  overrides: AssertionOverrides = {},
  // biome-ignore lint/suspicious/noExplicitAny: answers of the API, see client.ts.
): Promise<any> {
  const begun = await server.mutate('requestPasskeyLogin', {});
  if (begun.__typename !== 'PasskeyChallenge') return begun;
  const credential = signer.assert(begun.options, overrides);
  return server.mutate('verifyPasskey', { challengeId: begun.id, credential });
}
