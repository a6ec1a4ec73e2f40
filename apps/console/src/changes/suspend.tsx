import { auth } from '../api/clients.ts';
import type { UserDetails } from '../api/documents.ts';
import { Field, SelectField } from '../parts/field.tsx';
import type { Action } from '../parts/use-action.ts';
import { problemOf } from '../parts/use-attempt.ts';
import { text } from '../text.ts';
import { ChangeDialog } from './change-dialog.tsx';

const t = text.changes.suspend;
const day = 86_400_000;
const spans: Readonly<Record<string, number>> = { day, week: 7 * day, month: 30 * day };
const format = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

type Draft = { readonly reason: string; readonly span: string; readonly at: string };

/** Closes an account, for a while or until it is reinstated; or changes for how long. */
export function Suspend({ user, action }: { user: UserDetails; action: Action }) {
  const isSuspended = user.status === 'SUSPENDED';
  return (
    <ChangeDialog<Draft>
      about={user}
      words={isSuspended ? text.changes.suspendAgain : t}
      isDangerous
      initial={{ reason: '', span: '', at: '' }}
      onClosed={action.close}
      check={({ span, at }) => (span === 'at' && at === '' ? { until: t.untilRequired } : {})}
      send={({ reason, ...draft }) =>
        auth.suspendUser({ userId: user.id, reason, until: untilOf(draft) })
      }
      fields={({ draft, change, refusal }) => (
        <>
          <SelectField
            label={t.how}
            name="span"
            value={draft.span}
            onValue={(span) => change({ span })}
            options={options()}
            problem={draft.span === 'at' ? undefined : problemOf(refusal, 'until')}
          />
          {draft.span === 'at' && (
            <Field
              label={t.until}
              type="datetime-local"
              name="at"
              value={draft.at}
              onValue={(at) => change({ at })}
              problem={problemOf(refusal, 'until')}
            />
          )}
        </>
      )}
    />
  );
}

function options(): [value: string, label: string][] {
  const at = (span: string): string => format.format(Date.now() + (spans[span] ?? 0));
  return [
    ['', t.open],
    ['day', t.day(at('day'))],
    ['week', t.week(at('week'))],
    ['month', t.month(at('month'))],
    ['at', t.at],
  ];
}

/** Null where it has no end. */
function untilOf({ span, at }: Pick<Draft, 'span' | 'at'>): string | null {
  if (span === 'at') return new Date(at).toISOString();
  const length = spans[span];
  return length === undefined ? null : new Date(Date.now() + length).toISOString();
}
