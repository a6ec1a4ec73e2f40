import type { AuthClient } from '@latchkey/client';
import {
  createIdentities,
  type IdentityCrypto,
  readIdentityReturn,
} from '@latchkey/client/identities';

/** The functions of expo-crypto, expo-secure-store and expo-web-browser, by their own names. */
export type Expo = {
  readonly Crypto: IdentityCrypto;
  readonly SecureStore: {
    getItemAsync(key: string): Promise<string | null>;
    setItemAsync(key: string, value: string): Promise<void>;
    deleteItemAsync(key: string): Promise<void>;
  };
  readonly WebBrowser: {
    openAuthSessionAsync(
      url: string,
      redirectUrl: string,
    ): Promise<{ readonly type: string; readonly url?: string }>;
  };
};

const key = 'latchkey-identity';

/** `returnTo`: a link that opens this app, as it stands in IDENTITY_RETURN_URLS. */
export function createProviderSignIn(auth: AuthClient, expo: Expo, returnTo: string) {
  const { Crypto, SecureStore, WebBrowser } = expo;
  const identities = createIdentities(auth, { crypto: Crypto });

  /** Of a button. Null where the user has closed the browser. */
  async function signIn(providerId: string) {
    const flow = await identities.begin({ providerId, returnTo });
    if (flow.__typename !== 'IdentityFlow') return flow;
    await SecureStore.setItemAsync(key, flow.verifier);
    const session = await WebBrowser.openAuthSessionAsync(flow.url, returnTo);
    return session.url === undefined ? null : finish(session.url);
  }

  /**
   * Of the link with which the app was started, too: the phone may have ended it while the browser
   * was open. Null where the link is about something else, or this app has not begun.
   */
  async function finish(url: string) {
    const returned = url.startsWith(`${returnTo}#`) ? readIdentityReturn(url) : null;
    if (returned?.__typename !== 'IdentityTicket') return returned;
    const verifier = await SecureStore.getItemAsync(key);
    await SecureStore.deleteItemAsync(key);
    return verifier === null ? null : identities.complete({ ticket: returned.ticket, verifier });
  }

  return { signIn, finish };
}
