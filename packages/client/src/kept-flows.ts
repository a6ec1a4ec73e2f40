/** What the tab keeps while the browser is at the provider. */
export type KeptFlow = {
  readonly isLink: boolean;
  readonly verifier: string;
  /** Where the user was. */
  readonly page: string;
  readonly begunAt: number;
};

const flowsKey = 'latchkey-identities';
/** In a popup: the id by which the page that has opened it listens. */
const popupKey = 'latchkey-identity-popup';

/** Milliseconds for which the server keeps a flow. */
export const flowLifetime = 600_000;

/**
 * Keeps a flow in the tab, beside those that the user has begun and left. False where the browser
 * takes nothing.
 */
export function keepFlow(flow: Omit<KeptFlow, 'begunAt'>): boolean {
  const flows = [{ ...flow, begunAt: Date.now() }, ...readFlows()];
  try {
    sessionStorage.removeItem(popupKey);
    sessionStorage.setItem(flowsKey, JSON.stringify(flows.slice(0, 3)));
    return true;
  } catch {
    return false;
  }
}

/** Whatever came back, this tab has nothing begun any more. The newest first. */
export function takeFlows(): readonly KeptFlow[] {
  const flows = readFlows();
  take(flowsKey);
  return flows;
}

function readFlows(): KeptFlow[] {
  try {
    const kept: KeptFlow[] = JSON.parse(sessionStorage.getItem(flowsKey) ?? '[]');
    return kept.filter(({ begunAt }) => Date.now() - begunAt < flowLifetime);
  } catch {
    return [];
  }
}

/**
 * In the storage of the popup's tab, which outlives what the provider does to `opener`. False where
 * the browser takes nothing.
 */
export function markPopup(popup: Window, id: string): boolean {
  try {
    popup.sessionStorage.setItem(popupKey, id);
    return true;
  } catch {
    return false;
  }
}

/** The id that the opener has left here, where this is a popup. */
export function takePopupMark(): string | null {
  return take(popupKey);
}

function take(key: string): string | null {
  try {
    const value = sessionStorage.getItem(key);
    sessionStorage.removeItem(key);
    return value;
  } catch {
    return null;
  }
}
