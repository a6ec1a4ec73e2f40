/** What the server says of itself in the page's head (console.route.ts). */
export type Settings = {
  readonly productName: string;
  /** The operator's logo; null: a latchkey. */
  readonly logo: string | null;
  /** Where the account pages begin; null where they are off. */
  readonly accountPages: string | null;
  /** Whether passkeys can be used at this address. */
  readonly passkeys: boolean;
  /** Whether the browser came with the cookie of a session. */
  readonly mayBeSignedIn: boolean;
};

const meta = document.querySelector<HTMLMetaElement>('meta[name=console]');

export const settings: Settings = {
  productName: 'Latchkey',
  logo: null,
  accountPages: null,
  passkeys: false,
  mayBeSignedIn: false,
  ...JSON.parse(meta?.content ?? '{}'),
};
