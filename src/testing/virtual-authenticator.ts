import type { CDPSession, Page } from 'playwright-core';

export type VirtualCredential = {
  /** base64url, as the browser has it. */
  readonly credentialId: string;
  readonly rpId: string;
  /** base64url. */
  readonly userHandle: string;
  readonly signCount: number;
};

/** An authenticator that Chromium's page sees, with a user who has verified themselves. */
export type VirtualAuthenticator = {
  credentials(): Promise<readonly VirtualCredential[]>;
  /**
   * Whether the user is there for ceremonies that begin from now on: an absent one leaves them
   * open, and a present one chooses a passkey in a field's autofill, too, as soon as it is offered.
   */
  setPresent(isPresent: boolean): Promise<void>;
  /** Whether the user verifies themselves when asked, or fails to. */
  setVerified(isVerified: boolean): Promise<void>;
  remove(): Promise<void>;
};

export type AuthenticatorOptions = {
  /** `internal`: of this device; `usb`: a key that is plugged in. */
  readonly transport?: 'internal' | 'usb';
  /** Whether it can verify the user at all. */
  readonly verifies?: boolean;
  readonly isPresent?: boolean;
};

/** Gives a page a virtual authenticator (Chromium's DevTools protocol, domain WebAuthn). */
export async function addAuthenticator(
  page: Page,
  { transport = 'internal', verifies = true, isPresent = true }: AuthenticatorOptions = {},
): Promise<VirtualAuthenticator> {
  const session = await page.context().newCDPSession(page);
  await session.send('WebAuthn.enable', { enableUI: false });
  const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport,
      hasResidentKey: true,
      hasUserVerification: verifies,
      isUserVerified: verifies,
      automaticPresenceSimulation: isPresent,
    },
  });
  return authenticatorOf(session, authenticatorId);
}

function authenticatorOf(session: CDPSession, authenticatorId: string): VirtualAuthenticator {
  const held = async () => {
    const { credentials } = await session.send('WebAuthn.getCredentials', { authenticatorId });
    return credentials;
  };
  return {
    credentials: async () =>
      (await held()).map(({ credentialId, rpId = '', userHandle = '', signCount }) => ({
        credentialId: base64url(credentialId),
        rpId,
        userHandle: base64url(userHandle),
        signCount,
      })),
    setPresent: async (enabled) => {
      const presence = { authenticatorId, enabled };
      await session.send('WebAuthn.setAutomaticPresenceSimulation', presence);
    },
    setVerified: async (isUserVerified) => {
      await session.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified });
    },
    remove: async () => {
      await session.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId });
    },
  };
}

/** DevTools speaks base64. */
function base64url(text: string): string {
  return Buffer.from(text, 'base64').toString('base64url');
}
