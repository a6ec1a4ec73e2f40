import { type IdentityError, identityError } from './identity-error.ts';
import {
  begin,
  type IdentityCrypto,
  type Refusal,
  randomText,
  type Steps,
} from './identity-flow.ts';
import type { IdentityTicket } from './identity-return.ts';
import { flowLifetime, markPopup } from './kept-flows.ts';

type Returned = IdentityTicket | Refusal;

/** Between the page and its popup: tabs of one origin alone hear it. */
type Message =
  | { readonly id: string; readonly returned: Returned }
  | { readonly id: string; readonly isTaken: true };

const channelName = 'latchkey-identity-popup';
/** Milliseconds between two looks at whether the popup is closed. */
const glance = 300;
/** Milliseconds in which the page that has opened a popup must have answered it. */
const patience = 2000;

/** The popup of the page: another click ends the one before. */
let open: AbortController | null = null;

/**
 * The flow in a window of its own. Call it at once in the click's handler: browsers block windows
 * that open later.
 */
export async function inPopup<Result>(
  steps: Steps<Result>,
  options: { readonly providerId: string; readonly returnTo: string },
  crypto: IdentityCrypto | null,
): Promise<Result | Refusal | IdentityError> {
  if (!crypto || typeof BroadcastChannel === 'undefined') return identityError('UNSUPPORTED');
  open?.abort();
  const popup = window.open('', '_blank', 'popup,width=520,height=680');
  if (!popup) return identityError('POPUP_BLOCKED');
  const ending = new AbortController();
  open = ending;
  const id = randomText(crypto);
  try {
    if (!markPopup(popup, id)) return identityError('UNSUPPORTED');
    const returning = hearReturn(popup, id, ending.signal);
    const flow = await begin(steps, options, crypto);
    if (flow.__typename !== 'IdentityFlow') return flow;
    popup.location.replace(flow.url);
    const returned = await returning;
    if (returned?.__typename !== 'IdentityTicket') return returned ?? identityError('CANCELLED');
    return await steps.complete({ ticket: returned.ticket, codeVerifier: flow.verifier });
  } finally {
    ending.abort();
    popup.close();
  }
}

/** Null where the popup was closed, or nothing came of it in time. */
function hearReturn(popup: Window, id: string, signal: AbortSignal): Promise<Returned | null> {
  const channel = new BroadcastChannel(channelName);
  return new Promise<Returned | null>((resolve) => {
    const beginning = Date.now();
    const look = setInterval(() => {
      // A provider may cut the popup off, which then looks closed; it still has the focus.
      const isClosed = popup.closed && document.hasFocus();
      if (isClosed || Date.now() - beginning > flowLifetime) resolve(null);
    }, glance);
    channel.onmessage = ({ data }: MessageEvent<Message>) => {
      if (data.id !== id || !('returned' in data)) return;
      channel.postMessage({ id, isTaken: true } satisfies Message);
      resolve(data.returned);
    };
    signal.addEventListener('abort', () => {
      clearInterval(look);
      channel.close();
      resolve(null);
    });
  });
}

/** In the popup: gives the ticket to the page that has opened it; false where that has gone. */
export async function handOver(id: string, returned: Returned): Promise<boolean> {
  const channel = new BroadcastChannel(channelName);
  const isTaken = await new Promise<boolean>((resolve) => {
    setTimeout(resolve, patience, false);
    channel.onmessage = ({ data }: MessageEvent<Message>) => {
      if (data.id === id && 'isTaken' in data) resolve(true);
    };
    channel.postMessage({ id, returned } satisfies Message);
  });
  channel.close();
  if (isTaken) window.close();
  return isTaken;
}
