import { type FormEvent, type ReactNode, useState } from 'react';
import { useLocation } from 'wouter';
import { apollo, auth } from '../api/clients.ts';
import type { PersonData } from '../api/documents.ts';
import { Field } from '../parts/field.tsx';
import { say } from '../parts/moment.tsx';
import { Person } from '../parts/person.tsx';
import { Refused } from '../parts/refused.tsx';
import { Submit } from '../parts/submit.tsx';
import { problemOf, type Refusal, useAttempt } from '../parts/use-attempt.ts';
import { forgetDraft, useDraft } from '../parts/use-draft.ts';
import { You } from '../parts/you.tsx';
import { text } from '../text.ts';
import { Dialog } from './dialog.tsx';
import { Proof } from './proof.tsx';

const t = text.change;

type WithReason = { readonly reason: string };
type Result = { readonly __typename: string };

/** What the fields of a change have at hand. */
export type FieldsOf<Draft> = {
  readonly draft: Draft;
  readonly change: (part: Partial<Draft>) => void;
  readonly refusal: Refusal | null;
};

export type ChangeProps<Draft extends WithReason> = {
  readonly words: {
    readonly title: string;
    /** The consequence, in a sentence. */
    readonly consequence: string;
    readonly action: string;
    readonly busy: string;
    readonly done: string;
  };
  readonly about?: PersonData | null;
  readonly isDangerous?: boolean;
  /** Where the API takes no change without a reason. */
  readonly wantsReason?: boolean;
  readonly initial: Draft;
  readonly fields?: (form: FieldsOf<Draft>) => ReactNode;
  /** Why it is not sent yet, by field; what the API need not be asked for. */
  readonly check?: (draft: Draft) => Refusal['fields'];
  readonly send: (draft: Draft) => Promise<Result>;
  /** In place of going back to the screen: the path that it leads to. */
  readonly next?: (result: Result) => string;
  readonly onClosed: () => void;
};

/**
 * Every change that an administrator makes: what follows from it, the reason, and, where the last
 * proof is too old, the step-up in the same place (PG-8). What was typed stays through all of it.
 */
export function ChangeDialog<Draft extends WithReason>(props: ChangeProps<Draft>) {
  const { words, about, wantsReason = false } = props;
  const state = useChange(props);
  const { draft, change, refusal } = state;
  const closed = (): void => {
    forgetDraft();
    props.onClosed();
  };
  return (
    <Dialog title={words.title} isBusy={state.isBusy} onClosed={closed}>
      {(close) => (
        <>
          {about != null && <About user={about} />}
          <p>{words.consequence}</p>
          {state.isProving && (
            <Proof
              refusal={state.hasProved ? refusal : null}
              onBack={state.back}
              onProved={() => state.proved(close)}
            />
          )}
          {!state.isProving && (
            <form onSubmit={(event) => void state.submit(event, close)} noValidate>
              <Refused refusal={refusal} />
              {props.fields?.({ draft, change, refusal })}
              <Field
                label={wantsReason ? t.reason : t.optionalReason}
                name="reason"
                dir="auto"
                maxLength={200}
                autoComplete="off"
                required={wantsReason}
                value={draft.reason}
                onValue={(reason) => change({ reason } as Partial<Draft>)}
                hint={wantsReason ? t.requiredHint : t.hint}
                problem={problemOf(refusal, 'reason')}
              />
              <div className="actions">
                <Submit
                  className={props.isDangerous ? 'danger' : 'main'}
                  isBusy={state.isBusy}
                  busyLabel={words.busy}
                >
                  {words.action}
                </Submit>
                <button type="button" disabled={state.isBusy} onClick={close}>
                  {text.cancel}
                </button>
              </div>
            </form>
          )}
        </>
      )}
    </Dialog>
  );
}

function About({ user }: { user: PersonData }) {
  return (
    <p className="about">
      <Person user={user} />
      <You id={user.id} />
      {user.name && user.email && <bdi className="address">{user.email}</bdi>}
    </p>
  );
}

/** What was typed, whether it is being proved or sent, and why it was not done. */
function useChange<Draft extends WithReason>(props: ChangeProps<Draft>) {
  const [draft, change] = useDraft(props.initial);
  const [isProving, setProving] = useState(false);
  const [hasProved, setProved] = useState(false);
  const [wrong, setWrong] = useState<Refusal | null>(null);
  const { isBusy, refusal, send } = useAttempt();
  const [here, navigate] = useLocation();

  async function carryOut(close: () => void): Promise<void> {
    setProving(false);
    const { answer, refusal: refused } = await send(async () => {
      const result = await props.send(draft);
      // The screen behind is up to date before it is seen again.
      if (result.__typename !== 'AuthError' && !props.next) await refresh();
      return result;
    });
    if (refused?.code === 'STEP_UP_REQUIRED') setProving(true);
    // Someone else was faster: the screen behind says what is.
    if (refused !== null && ['CONFLICT', 'NOT_FOUND'].includes(refused.code)) void refresh();
    if (answer === null) return;
    const next = props.next?.(answer) ?? here;
    say(props.words.done, next);
    if (next === here) close();
    else navigate(next, { replace: true });
  }

  async function submit(event: FormEvent, close: () => void): Promise<void> {
    event.preventDefault();
    const fields = problemsOf(props, draft);
    const isFine = Object.keys(fields).length === 0;
    setWrong(isFine ? null : { code: 'VALIDATION_FAILED', message: '', fields });
    if (!isFine) return;
    if (auth.needsStepUp()) setProving(true);
    else await carryOut(close);
  }

  const back = (): void => setProving(false);
  const proved = (close: () => void): void => {
    setProved(true);
    void carryOut(close);
  };
  const shown = wrong ?? refusal;
  return { draft, change, isProving, hasProved, isBusy, refusal: shown, submit, back, proved };
}

function problemsOf<Draft extends WithReason>(
  { wantsReason = false, check }: ChangeProps<Draft>,
  draft: Draft,
): Refusal['fields'] {
  const lacksReason = wantsReason && draft.reason.trim() === '';
  return { ...check?.(draft), ...(lacksReason ? { reason: t.reasonRequired } : {}) };
}

/** Reads what is on the screen anew. What fails is shown there. */
async function refresh(): Promise<void> {
  await apollo.refetchQueries({ include: 'active' }).catch(() => {});
}
