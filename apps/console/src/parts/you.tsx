import { auth } from '../api/clients.ts';
import { text } from '../text.ts';

/** Marks the administrator's own account: what is done to it is done to oneself. */
export function You({ id }: { id: string }) {
  return auth.getState().user?.id === id ? <span className="tag">{text.you}</span> : null;
}
