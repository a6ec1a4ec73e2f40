import { type CredentialJson, createPasskeySigner, type PasskeySigner } from './passkey-signer.ts';

/** A ceremony that the page has begun. */
export type AskedCeremony = {
  readonly kind: 'create' | 'get';
  readonly mediation: string | undefined;
  /** The options as the server wrote them. */
  readonly options: Options;
  /** How it ended; undefined while it runs. */
  ended: 'chosen' | 'aborted' | 'cancelled' | undefined;
};

export type Signal = { readonly name: string; readonly options: object };

/** The part of a browser that has to do with passkeys, with a user before it. */
export type PasskeyBrowser = {
  /** The passkeys of the authenticator, the oldest first. */
  readonly passkeys: HeldPasskey[];
  readonly ceremonies: readonly AskedCeremony[];
  readonly signals: readonly Signal[];
  /** What the user does in a dialog; `autofill` ceremonies wait for `choose` in any case. */
  user: 'chooses' | 'cancels' | 'waits';
  /** The name of a DOMException with which ceremonies end at once; null: none. */
  fails: string | null;
  /** As an extension that heeds no signal: what is aborted goes on. */
  ignoresAbort: boolean;
  /** The user chooses the newest passkey in the ceremony that runs; waits until one runs. */
  choose(): Promise<void>;
};

type HeldPasskey = { readonly rpId: string; readonly signer: PasskeySigner };

// biome-ignore lint/suspicious/noExplicitAny: options as JSON; tests read them by path.
type Options = any;

type Request = {
  readonly publicKey: { readonly json: Options };
  readonly mediation?: string;
  readonly signal?: AbortSignal;
};

/**
 * A double of `navigator.credentials` and `PublicKeyCredential`, to be stubbed as globals. As
 * browsers do, it runs one ceremony at a time, and throws on `null` among the options.
 */
export function openPasskeyBrowser(origin: string): {
  readonly browser: PasskeyBrowser;
  readonly globals: Readonly<Record<'navigator' | 'PublicKeyCredential', unknown>>;
} {
  const browser = new Double(origin);
  const credentials = {
    create: (request: Request) => browser.begin('create', request),
    get: (request: Request) => browser.begin('get', request),
  };
  const tell = (name: string) => async (options: object) => {
    browser.signals.push({ name, options });
  };
  const PublicKeyCredential = Object.assign(() => {}, {
    isConditionalMediationAvailable: async () => true,
    getClientCapabilities: async () => ({ conditionalCreate: true }),
    parseRequestOptionsFromJSON: parse,
    parseCreationOptionsFromJSON: parse,
    signalUnknownCredential: tell('unknown'),
    signalAllAcceptedCredentials: tell('accepted'),
    signalCurrentUserDetails: tell('details'),
  });
  return { browser, globals: { navigator: { credentials }, PublicKeyCredential } };
}

class Double implements PasskeyBrowser {
  readonly passkeys: HeldPasskey[] = [];
  readonly ceremonies: AskedCeremony[] = [];
  readonly signals: Signal[] = [];
  user: PasskeyBrowser['user'] = 'chooses';
  fails: string | null = null;
  ignoresAbort = false;
  #running: { choose(): void } | null = null;
  readonly #origin: string;

  constructor(origin: string) {
    this.#origin = origin;
  }

  async choose(): Promise<void> {
    while (this.#running === null) await new Promise((resolve) => setTimeout(resolve, 5));
    this.#running.choose();
  }

  begin(kind: AskedCeremony['kind'], request: Request): Promise<unknown> {
    const { publicKey, mediation, signal } = request;
    const asked: AskedCeremony = { kind, mediation, options: publicKey.json, ended: undefined };
    this.ceremonies.push(asked);
    return new Promise((resolve, reject) => {
      const refuse = (how: AskedCeremony['ended'], name: string): void => {
        asked.ended = how;
        this.#running = null;
        reject(new DOMException(`${name}.`, name));
      };
      const accept = (credential: CredentialJson): void => {
        asked.ended = 'chosen';
        this.#running = null;
        resolve(credentialOf(credential));
      };
      if (this.#running && !this.ignoresAbort)
        return reject(new DOMException('One is pending.', 'OperationError'));
      if (signal?.aborted) return refuse('aborted', 'AbortError');
      // The dialog needs a moment to close.
      const abort = (): void => void setTimeout(() => refuse('aborted', 'AbortError'), 20);
      if (!this.ignoresAbort) signal?.addEventListener('abort', abort, { once: true });
      const choose = (): void => {
        signal?.removeEventListener('abort', abort);
        const credential = this.#answer(kind, publicKey.json);
        if (credential === null) refuse('cancelled', 'NotAllowedError');
        else accept(credential);
      };
      this.#running = { choose };
      if (this.fails !== null) refuse('cancelled', this.fails);
      else if (mediation === undefined && this.user === 'cancels')
        refuse('cancelled', 'NotAllowedError');
      else if (mediation === undefined && this.user === 'chooses') choose();
    });
  }

  /** Null where there is no passkey to choose. */
  #answer(kind: AskedCeremony['kind'], options: Options): CredentialJson | null {
    if (kind === 'create') {
      const signer = createPasskeySigner({ origin: this.#origin });
      this.passkeys.push({ rpId: options.rp.id, signer });
      return signer.register(options);
    }
    const allowed = (options.allowCredentials ?? []).map(({ id }: { id: string }) => id);
    const fits = ({ rpId, signer }: HeldPasskey): boolean =>
      rpId === options.rpId &&
      (allowed.length === 0 || allowed.includes(signer.credentialId.toString('base64url')));
    return this.passkeys.findLast(fits)?.signer.assert(options) ?? null;
  }
}

function parse(json: object): { json: object } {
  if (Object.values(json).includes(null)) throw new TypeError('null is no sequence.');
  return { json };
}

const binary = ['clientDataJSON', 'attestationObject', 'authenticatorData', 'signature'];

/** As the extension of a password manager makes one: `toJSON()` is there, and throws. */
function credentialOf({ response, clientExtensionResults, ...json }: CredentialJson): object {
  const { transports, ...members } = response;
  const buffers = Object.entries(members).map(([name, value]) => [
    name,
    [...binary, 'userHandle'].includes(name) ? bufferOf(String(value)) : value,
  ]);
  return {
    ...json,
    rawId: bufferOf(json.rawId),
    response: { ...Object.fromEntries(buffers), getTransports: () => transports },
    getClientExtensionResults: () => clientExtensionResults,
    toJSON: () => {
      throw new TypeError('Illegal invocation');
    },
  };
}

function bufferOf(text: string): ArrayBuffer {
  return new Uint8Array(Buffer.from(text, 'base64url')).buffer;
}
