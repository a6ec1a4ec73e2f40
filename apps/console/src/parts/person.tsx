import type { PersonData } from '../api/documents.ts';
import { text } from '../text.ts';
import { Name } from './name.tsx';

/** A user's name, or else their address: isolated, since either may run from right to left. */
export function Person({ user }: { user: PersonData | null }) {
  if (user === null) return <span className="quiet">{text.nobody}</span>;
  const shown = user.name || user.email;
  return shown === null ? (
    <span className="quiet">
      {text.deletedUser} <code>{user.id.slice(0, 8)}…</code>
    </span>
  ) : (
    <Name>{shown}</Name>
  );
}
