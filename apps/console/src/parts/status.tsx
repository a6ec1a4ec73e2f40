import type { UserStatus } from '@latchkey/client';
import { text } from '../text.ts';

/** The state of an account by a mark and a word: colour alone says nothing. */
export function Status({ status }: { status: UserStatus | null }) {
  if (status === null) return null;
  return <span className={`status ${status.toLowerCase()}`}>{text.status[status]}</span>;
}
