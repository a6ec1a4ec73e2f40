import { type ComponentProps, type ReactNode, useEffect, useId, useRef } from 'react';

type Control = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

type Common = {
  readonly label: string;
  readonly hint?: ReactNode;
  /** Why what stands in it was refused. */
  readonly problem?: string | undefined;
  readonly value: string;
  readonly onValue: (value: string) => void;
};

type InputProps = Common & Omit<ComponentProps<'input'>, 'value' | 'onChange' | 'ref'>;

/** A labelled field; what went wrong stands below it, is tied to it, and gets the focus. */
export function Field({ label, hint, problem, onValue, ...input }: InputProps) {
  const { control, ids } = useProblem<HTMLInputElement>(problem);
  return (
    <Labelled {...{ label, hint, problem, ids }}>
      <input
        {...input}
        ref={control}
        {...described(ids, hint, problem)}
        onChange={(event) => onValue(event.target.value)}
      />
    </Labelled>
  );
}

type TextProps = Common & Omit<ComponentProps<'textarea'>, 'value' | 'onChange' | 'ref'>;

/** The same with room for several lines. */
export function TextField({ label, hint, problem, onValue, ...area }: TextProps) {
  const { control, ids } = useProblem<HTMLTextAreaElement>(problem);
  return (
    <Labelled {...{ label, hint, problem, ids }}>
      <textarea
        {...area}
        ref={control}
        {...described(ids, hint, problem)}
        onChange={(event) => onValue(event.target.value)}
      />
    </Labelled>
  );
}

type SelectProps = Common & {
  readonly name: string;
  readonly options: readonly (readonly [value: string, label: string])[];
};

/** One of a few. */
export function SelectField({ label, hint, problem, value, onValue, name, options }: SelectProps) {
  const { control, ids } = useProblem<HTMLSelectElement>(problem);
  return (
    <Labelled {...{ label, hint, problem, ids }}>
      <select
        name={name}
        value={value}
        ref={control}
        {...described(ids, hint, problem)}
        onChange={({ target }) => onValue(target.value)}
      >
        {options.map(([each, words]) => (
          <option key={each} value={each}>
            {words}
          </option>
        ))}
      </select>
    </Labelled>
  );
}

type Ids = { readonly field: string; readonly hint: string; readonly problem: string };

function useProblem<Element extends Control>(problem: string | undefined) {
  const control = useRef<Element>(null);
  const id = useId();
  useEffect(() => {
    if (problem !== undefined) control.current?.focus();
  }, [problem]);
  return { control, ids: { field: id, hint: `${id}-hint`, problem: `${id}-problem` } };
}

function described(ids: Ids, hint: ReactNode, problem: string | undefined) {
  const describedBy = [hint ? ids.hint : [], problem === undefined ? [] : ids.problem].flat();
  return {
    id: ids.field,
    'aria-describedby': describedBy.join(' ') || undefined,
    'aria-invalid': problem === undefined ? undefined : true,
  };
}

type LabelledProps = Pick<Common, 'label' | 'hint' | 'problem'> & {
  readonly ids: Ids;
  readonly children: ReactNode;
};

function Labelled({ label, hint, problem, ids, children }: LabelledProps) {
  return (
    <div className="field">
      <label htmlFor={ids.field}>{label}</label>
      {children}
      {problem !== undefined && (
        <p className="problem" id={ids.problem}>
          {problem}
        </p>
      )}
      {hint && (
        <p className="hint" id={ids.hint}>
          {hint}
        </p>
      )}
    </div>
  );
}
