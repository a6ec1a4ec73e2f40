import type { User } from '@latchkey/client';
import { auth } from '../api/clients.ts';
import { Field } from '../parts/field.tsx';
import { problemOf } from '../parts/use-attempt.ts';
import { text } from '../text.ts';
import { ChangeDialog } from './change-dialog.tsx';

const t = text.changes.create;

/** Makes an account, and leads to it. */
export function CreateUser({ onClosed }: { onClosed: () => void }) {
  return (
    <ChangeDialog
      words={t}
      initial={{ reason: '', email: '', name: '', invites: true }}
      onClosed={onClosed}
      check={({ email }) => (email.trim() === '' ? { email: t.emailRequired } : {})}
      send={({ email, name, invites, reason }) =>
        auth.createUser({ email: email.trim(), name, sendInvitation: invites, reason })
      }
      next={(result) => `/users/${(result as unknown as User).id}`}
      fields={({ draft, change, refusal }) => (
        <>
          <Field
            label={text.signIn.email}
            type="email"
            name="email"
            dir="ltr"
            autoComplete="off"
            required
            value={draft.email}
            onValue={(email) => change({ email })}
            problem={problemOf(refusal, 'email')}
          />
          <Field
            label={t.name}
            name="name"
            dir="auto"
            maxLength={100}
            autoComplete="off"
            value={draft.name}
            onValue={(name) => change({ name })}
            problem={problemOf(refusal, 'name')}
          />
          <label className="choice">
            <input
              type="checkbox"
              name="invites"
              checked={draft.invites}
              onChange={({ target }) => change({ invites: target.checked })}
            />
            {t.invites}
          </label>
        </>
      )}
    />
  );
}
