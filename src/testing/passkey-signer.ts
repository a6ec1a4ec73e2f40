import { createHash, randomBytes } from 'node:crypto';
import { type Cbor, encodeCbor } from './cbor.ts';
import { createPasskeyKey, type PasskeyAlgorithm, type PasskeyKey } from './passkey-key.ts';

/** What the signer reads of `startPasskeyRegistration`'s options. */
export type CreationOptions = {
  readonly challenge: string;
  readonly rp: { readonly id?: string };
  readonly user: { readonly id: string };
};

/** What the signer reads of the options of a sign-in. */
export type RequestOptions = { readonly challenge: string; readonly rpId?: string };

type ClientDataOverrides = {
  /** As it stands in the client data: base64url. */
  readonly challenge?: string;
  readonly origin?: string;
  /** `webauthn.create` or `webauthn.get`. */
  readonly type?: string;
  readonly crossOrigin?: boolean;
  readonly topOrigin?: string;
  readonly tokenBinding?: object;
  /** Any member of the client data, last; undefined leaves it out. */
  readonly clientData?: Readonly<Record<string, unknown>>;
  /** The whole of it, as text or bytes. */
  readonly clientDataJSON?: string | Uint8Array;
};

export type PasskeyFlags = {
  /** User present. */
  readonly up?: boolean;
  /** User verified. */
  readonly uv?: boolean;
  /** May be synced. */
  readonly be?: boolean;
  /** Is synced. */
  readonly bs?: boolean;
};

type AuthenticatorDataOverrides = PasskeyFlags & {
  readonly rpId?: string;
  readonly counter?: number;
  /** What the authenticator says of extensions, with the flag ED. */
  readonly extensions?: Cbor;
  /** The whole of it. */
  readonly authenticatorData?: Uint8Array;
};

type JsonOverrides = {
  readonly clientExtensionResults?: object;
  /** Any member of the JSON, last; undefined leaves it out. */
  readonly json?: Readonly<Record<string, unknown>>;
  /** Any member of its `response`, last; undefined leaves it out. */
  readonly response?: Readonly<Record<string, unknown>>;
};

export type RegistrationOverrides = ClientDataOverrides &
  AuthenticatorDataOverrides &
  JsonOverrides & {
    /** In the signed data and as `id` and `rawId`. */
    readonly credentialId?: Uint8Array;
    /** A key of this kind, whatever the options ask for. */
    readonly algorithm?: PasskeyAlgorithm;
    /** The COSE key itself. */
    readonly publicKey?: Uint8Array;
    /** Sixteen bytes. */
    readonly aaguid?: Uint8Array;
    readonly transports?: readonly string[];
    readonly fmt?: string;
    readonly attStmt?: Cbor;
    readonly attestationObject?: Uint8Array;
  };

export type AssertionOverrides = ClientDataOverrides &
  AuthenticatorDataOverrides &
  JsonOverrides & {
    /** As `id` and `rawId`. */
    readonly credentialId?: Uint8Array;
    /** base64url; null leaves it out. */
    readonly userHandle?: string | null;
    /** Of this key in place of the passkey's own. */
    readonly key?: PasskeyKey;
    readonly signature?: Uint8Array;
  };

/** Members of `PublicKeyCredential.toJSON()`; a test may have put anything into them. */
export type CredentialJson = {
  readonly id: string;
  readonly rawId: string;
  readonly response: Readonly<Record<string, unknown>>;
  readonly authenticatorAttachment: string;
  readonly clientExtensionResults: object;
  readonly type: string;
};

/** A passkey in software that signs whatever a test wants signed. */
export type PasskeySigner = {
  readonly credentialId: Buffer;
  readonly key: PasskeyKey;
  /** Of the account for which it was registered last, as base64url; null before that. */
  userHandle(): string | null;
  /** Of the last assertion; a clone gives a lower one as override. */
  counter(): number;
  register(options: CreationOptions, overrides?: RegistrationOverrides): CredentialJson;
  /** Counts one up each time. */
  assert(options: RequestOptions, overrides?: AssertionOverrides): CredentialJson;
};

export type SignerOptions = PasskeyFlags & {
  /** Of the page that calls the browser: `https://app.example.com`. */
  readonly origin: string;
  readonly algorithm?: PasskeyAlgorithm;
  /** False: the counter stays 0, as that of synced passkeys does. */
  readonly counts?: boolean;
  readonly attachment?: 'platform' | 'cross-platform';
};

/**
 * An authenticator with one passkey, and the browser around it, by node:crypto alone. Without
 * overrides it is a good one: the user is present and verified, the passkey bound to one device.
 */
export function createPasskeySigner(options: SignerOptions): PasskeySigner {
  const { origin, algorithm = 'ES256', counts = true, attachment = 'platform' } = options;
  const credentialId = randomBytes(32);
  const key = createPasskeyKey(algorithm);
  let userHandle: string | null = null;
  let counter = 0;

  return {
    credentialId,
    key,
    userHandle: () => userHandle,
    counter: () => counter,
    register: ({ challenge, rp, user }, overrides = {}) => {
      userHandle = user.id;
      const rpId = rp.id ?? new URL(origin).hostname;
      const defaults = { type: 'webauthn.create', challenge, origin, crossOrigin: false };
      const own = overrides.algorithm ? createPasskeyKey(overrides.algorithm) : key;
      const signed = { ...options, rpId, counter, credentialId, ...overrides };
      return registrationJson(own, attachment, clientDataOf(defaults, overrides), signed);
    },
    assert: ({ challenge, rpId = new URL(origin).hostname }, overrides = {}) => {
      if (counts) counter += 1;
      const defaults = { type: 'webauthn.get', challenge, origin, crossOrigin: false };
      const signed = { ...options, rpId, counter, credentialId, userHandle, key, ...overrides };
      return assertionJson(attachment, clientDataOf(defaults, overrides), signed);
    },
  };
}

/** The same bytes, but for the last bit. */
export function spoilt(bytes: Uint8Array): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt8(copy.readUInt8(copy.length - 1) ^ 1, copy.length - 1);
  return copy;
}

function registrationJson(
  key: PasskeyKey,
  attachment: string,
  clientDataJSON: Buffer,
  signed: RegistrationOverrides & { rpId: string; counter: number; credentialId: Uint8Array },
): CredentialJson {
  const { credentialId, aaguid = Buffer.alloc(16), publicKey = key.cose } = signed;
  const length = Buffer.alloc(2);
  length.writeUInt16BE(credentialId.byteLength);
  const attested = Buffer.concat([aaguid, length, credentialId, publicKey]);
  const authenticatorData = signed.authenticatorData ?? authenticatorDataOf(signed, attested);
  const { fmt = 'none', attStmt = {} } = signed;
  const attestationObject =
    signed.attestationObject ??
    encodeCbor({ fmt, attStmt, authData: Buffer.from(authenticatorData) });
  return jsonOf(attachment, signed, {
    clientDataJSON: base64url(clientDataJSON),
    attestationObject: base64url(attestationObject),
    authenticatorData: base64url(authenticatorData),
    transports: signed.transports ?? (attachment === 'platform' ? ['internal'] : ['usb']),
    publicKey: base64url(key.spki),
    publicKeyAlgorithm: key.algorithmId,
  });
}

function assertionJson(
  attachment: string,
  clientDataJSON: Buffer,
  signed: AssertionOverrides & {
    rpId: string;
    counter: number;
    credentialId: Uint8Array;
    key: PasskeyKey;
  },
): CredentialJson {
  const authenticatorData = signed.authenticatorData ?? authenticatorDataOf(signed, null);
  const data = Buffer.concat([authenticatorData, sha256(clientDataJSON)]);
  const { userHandle } = signed;
  return jsonOf(attachment, signed, {
    clientDataJSON: base64url(clientDataJSON),
    authenticatorData: base64url(authenticatorData),
    signature: base64url(signed.signature ?? signed.key.sign(data)),
    ...(userHandle == null ? {} : { userHandle }),
  });
}

function jsonOf(
  attachment: string,
  overrides: JsonOverrides & { credentialId: Uint8Array },
  response: Readonly<Record<string, unknown>>,
): CredentialJson {
  const id = base64url(overrides.credentialId);
  return {
    id,
    rawId: id,
    response: { ...response, ...overrides.response },
    authenticatorAttachment: attachment,
    clientExtensionResults: overrides.clientExtensionResults ?? {},
    type: 'public-key',
    ...overrides.json,
  };
}

function clientDataOf(
  defaults: Readonly<Record<string, unknown>>,
  { clientDataJSON, clientData, ...overrides }: ClientDataOverrides,
): Buffer {
  if (clientDataJSON !== undefined) return Buffer.from(clientDataJSON);
  const { challenge, origin, type, crossOrigin, topOrigin, tokenBinding } = overrides;
  const own = { challenge, origin, type, crossOrigin, topOrigin, tokenBinding };
  const given = Object.entries(own).filter(([, value]) => value !== undefined);
  return Buffer.from(JSON.stringify({ ...defaults, ...Object.fromEntries(given), ...clientData }));
}

/** WebAuthn 6.1: hash of the RP id, flags, counter, the new credential, extensions. */
function authenticatorDataOf(
  signed: AuthenticatorDataOverrides & { rpId: string; counter: number },
  attested: Buffer | null,
): Buffer {
  const { up = true, uv = true, be = false, bs = false, extensions } = signed;
  const bits = [up, false, uv, be, bs, false, attested !== null, extensions !== undefined];
  const flagsAndCounter = Buffer.alloc(5);
  flagsAndCounter.writeUInt8(bits.reduce((sum, bit, at) => sum + (bit ? 2 ** at : 0), 0));
  flagsAndCounter.writeUInt32BE(signed.counter, 1);
  return Buffer.concat([
    sha256(signed.rpId),
    flagsAndCounter,
    attested ?? Buffer.alloc(0),
    extensions === undefined ? Buffer.alloc(0) : encodeCbor(extensions),
  ]);
}

function sha256(data: string | Uint8Array): Buffer {
  return createHash('sha256').update(data).digest();
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}
