import type { AuthClient } from './create-auth-client.ts';
import { type IdentityError, identityError } from './identity-error.ts';
import {
  begin,
  type IdentityCrypto,
  type IdentityFlow,
  linkSteps,
  loginSteps,
  type Refusal,
  type Steps,
  webCrypto,
} from './identity-flow.ts';
import { handOver, inPopup } from './identity-popup.ts';
import { takeIdentityReturn } from './identity-return.ts';
import { keepFlow, takeFlows, takePopupMark } from './kept-flows.ts';
import type {
  AuthIdentityProvider,
  CompleteIdentityLinkResult,
  CompleteIdentityLoginResult,
  LoginWithIdTokenResult,
  UnlinkIdentityResult,
} from './operations.ts';

export type { IdentityError, IdentityErrorCode } from './identity-error.ts';
export type { IdentityCrypto, IdentityFlow } from './identity-flow.ts';
export { type IdentityTicket, readIdentityReturn } from './identity-return.ts';

export type IdentityLinkOptions = {
  readonly providerId: string;
  /**
   * The page that calls `finish`: one of IDENTITY_RETURN_URLS, of this origin. `/signed-in` unless
   * given.
   */
  readonly returnTo?: string;
  /** `redirect`, unless given: this page leaves. `popup`: it stays. Only of a click. */
  readonly mode?: 'redirect' | 'popup';
};

export type IdentitySignInOptions = IdentityLinkOptions & {
  /** An address that the provider should offer first. */
  readonly loginHint?: string;
};

/** What a return has come to. In a popup IdentityHandedOver: the page behind it goes on. */
export type IdentityReturn = {
  readonly result:
    | CompleteIdentityLoginResult
    | CompleteIdentityLinkResult
    | IdentityError
    | { readonly __typename: 'IdentityHandedOver' };
  /** The address of this origin where the user was; null where that is not known here. */
  readonly page: string | null;
};

export type IdentitiesOptions = {
  /** Where the runtime has no WebCrypto: React Native. */
  readonly crypto?: IdentityCrypto;
};

/** Sign-in by other providers. Outcomes are answers: look at `__typename`. */
export type Identities = {
  /** The providers for which there are buttons, in the operator's order. */
  providers(): Promise<readonly AuthIdentityProvider[]>;
  /**
   * Sends the user to the provider. With a redirect the page leaves, and `finish` has the outcome;
   * an answer says that it does not leave, or that the user has come back by the browser's button.
   */
  signIn(options: IdentitySignInOptions): Promise<CompleteIdentityLoginResult | IdentityError>;
  /** The same for the account that is signed in; takes a recent step-up. */
  link(options: IdentityLinkOptions): Promise<CompleteIdentityLinkResult | IdentityError>;
  /**
   * Completes what a redirect or a popup has come back with, and takes that out of the address;
   * null where the page was opened otherwise. Call it once when the page of `returnTo` opens.
   */
  finish(): Promise<IdentityReturn | null>;
  /** Takes a recent step-up. */
  unlink(identityId: string): Promise<UnlinkIdentityResult>;
  /** Without a browser's functions: for apps that open the system's browser themselves. */
  begin(
    options: Omit<IdentitySignInOptions, 'mode'> & {
      readonly returnTo: string;
      /** For `completeLink`. */
      readonly link?: boolean;
    },
  ): Promise<IdentityFlow | Refusal | IdentityError>;
  complete(returned: Returned): Promise<CompleteIdentityLoginResult>;
  completeLink(returned: Returned): Promise<CompleteIdentityLinkResult>;
  /**
   * Signs in with an ID token that `getIdToken` gets from an SDK, One Tap or FedCM, and that must
   * carry the nonce which it is given.
   */
  signInWithIdToken(
    providerId: string,
    getIdToken: (nonce: string) => Promise<string>,
  ): Promise<LoginWithIdTokenResult>;
};

/** `ticket` of `readIdentityReturn`, `verifier` of `begin`. */
type Returned = { readonly ticket: string; readonly verifier: string };

/** Sign-in by other providers of a client. Rejects as the client's own methods do. */
export function createIdentities(auth: AuthClient, options: IdentitiesOptions = {}): Identities {
  const crypto = (): IdentityCrypto | null => options.crypto ?? webCrypto();
  return {
    providers: async () => (await auth.options()).identityProviders,
    signIn: ({ loginHint, ...way }) => goThere(loginSteps(auth, loginHint), way, crypto()),
    link: (way) => goThere(linkSteps(auth), way, crypto()),
    finish: () => finish(auth),
    unlink: (identityId) => auth.unlinkIdentity({ identityId }),
    begin: ({ link = false, loginHint, ...where }) =>
      begin(link ? linkSteps(auth) : loginSteps(auth, loginHint), where, crypto()),
    complete: ({ ticket, verifier }) =>
      auth.completeIdentityLogin({ ticket, codeVerifier: verifier }),
    completeLink: ({ ticket, verifier }) =>
      auth.completeIdentityLink({ ticket, codeVerifier: verifier }),
    signInWithIdToken: async (providerId, getIdToken) => {
      const nonce = await auth.requestIdTokenNonce({ providerId });
      if (nonce.__typename === 'AuthError') return nonce;
      const idToken = await getIdToken(nonce.nonce);
      return auth.loginWithIdToken({ nonceId: nonce.id, idToken });
    },
  };
}

async function goThere<Result>(
  steps: Steps<Result>,
  { providerId, returnTo = `${location.origin}/signed-in`, mode }: IdentityLinkOptions,
  crypto: IdentityCrypto | null,
): Promise<Result | Refusal | IdentityError> {
  const options = { providerId, returnTo };
  if (mode === 'popup') return inPopup(steps, options, crypto);
  const flow = await begin(steps, options, crypto);
  if (flow.__typename !== 'IdentityFlow') return flow;
  const { isLink } = steps;
  if (!keepFlow({ isLink, verifier: flow.verifier, page: location.href }))
    return identityError('UNSUPPORTED');
  location.assign(flow.url);
  return comingBack();
}

/** Settles only where the browser shows the page again as it was left. */
function comingBack(): Promise<IdentityError> {
  return new Promise((resolve) => {
    addEventListener('pageshow', ({ persisted }) => {
      if (persisted) resolve(identityError('CANCELLED'));
    });
  });
}

async function finish(auth: AuthClient): Promise<IdentityReturn | null> {
  const returned = takeIdentityReturn();
  if (!returned) return null;
  const popup = takePopupMark();
  if (popup !== null && (await handOver(popup, returned)))
    return { result: { __typename: 'IdentityHandedOver' }, page: null };
  const flows = popup === null ? takeFlows() : [];
  const page = flows[0]?.page ?? null;
  // SECURITY: whoever made this address, nothing is sent that this tab has not begun.
  let result: IdentityReturn['result'] = identityError('NOT_BEGUN_HERE');
  if (returned.__typename === 'AuthError')
    return { result: page === null ? result : returned, page };
  for (const flow of flows) {
    const { complete } = flow.isLink ? linkSteps(auth) : loginSteps(auth);
    result = await complete({ ticket: returned.ticket, codeVerifier: flow.verifier });
    // The ticket of a flow that the user began before this one, and has gone back to.
    const isOfAnother =
      result.__typename === 'AuthError' && result.code === 'INVALID_OR_EXPIRED_TOKEN';
    if (!isOfAnother) return { result, page: flow.page };
  }
  return { result, page };
}
