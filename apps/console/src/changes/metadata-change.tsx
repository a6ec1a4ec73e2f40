import { auth } from '../api/clients.ts';
import type { Metadata, UserDetails } from '../api/documents.ts';
import { TextField } from '../parts/field.tsx';
import type { Action } from '../parts/use-action.ts';
import { problemOf } from '../parts/use-attempt.ts';
import { text } from '../text.ts';
import { ChangeDialog } from './change-dialog.tsx';

const t = text.changes.metadata;
const kinds = ['publicMetadata', 'adminMetadata'] as const;

type Draft = { readonly reason: string } & Readonly<Record<(typeof kinds)[number], string>>;

const written = (value: Metadata | null): string => JSON.stringify(value ?? {}, null, 2);

/** What is kept with a user, as JSON. Only what was changed is sent: others may change the rest. */
export function MetadataChange({ user, action }: { user: UserDetails; action: Action }) {
  const { publicMetadata, adminMetadata } = user;
  const initial = {
    reason: '',
    publicMetadata: written(publicMetadata),
    adminMetadata: written(adminMetadata),
  };
  return (
    <ChangeDialog<Draft>
      about={user}
      words={t}
      initial={initial}
      onClosed={action.close}
      check={(draft) => Object.fromEntries(kinds.flatMap((kind) => faultIn(draft[kind], kind)))}
      send={({ reason, ...draft }) =>
        auth.setUserMetadata({
          userId: user.id,
          publicMetadata: changesOf(publicMetadata ?? {}, JSON.parse(draft.publicMetadata)),
          adminMetadata: changesOf(adminMetadata ?? {}, JSON.parse(draft.adminMetadata)),
          reason,
        })
      }
      fields={({ draft, change, refusal }) =>
        kinds.map((kind) => (
          <TextField
            key={kind}
            label={text.user[kind]}
            name={kind}
            className="code"
            dir="ltr"
            rows={6}
            spellCheck={false}
            autoComplete="off"
            value={draft[kind]}
            onValue={(value) => change({ [kind]: value } as Partial<Draft>)}
            hint={kind === 'publicMetadata' ? t.publicHint : t.adminHint}
            problem={problemOf(refusal, kind)}
          />
        ))
      }
    />
  );
}

function faultIn(typed: string, kind: string): [kind: string, fault: string][] {
  try {
    const value: unknown = JSON.parse(typed);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? [] : [[kind, t.noObject]];
  } catch (error) {
    return [[kind, t.notJson(error instanceof Error ? error.message : '')]];
  }
}

/** Key by key, as the API takes it: null takes one away. Undefined where nothing changed. */
function changesOf(before: Metadata, after: Metadata): Metadata | undefined {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  const changes = [...keys]
    .filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]))
    .map((key) => [key, after[key] ?? null] as const);
  return changes.length === 0 ? undefined : Object.fromEntries(changes);
}
