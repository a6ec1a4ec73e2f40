import { type InputHTMLAttributes, type ReactNode, useId } from 'react';
import type { Problem, Submit } from './use-submit.ts';

/** A form with its button, and above that what went wrong. */
export function Form({
  submit,
  button,
  children,
}: {
  submit: Submit;
  button: string;
  children: ReactNode;
}) {
  const { problem, pending, onSubmit } = submit;
  return (
    <form onSubmit={onSubmit}>
      {children}
      <p className="problem" role="alert">
        {problem && !problem.fields?.length ? problem.message : ''}
      </p>
      <button type="submit" className="primary" disabled={pending}>
        {button}
      </button>
    </form>
  );
}

type FieldProps = InputHTMLAttributes<HTMLInputElement> & {
  name: string;
  label: string;
  problem: Problem | null;
};

/** A labelled input, and below it what the server says of it. */
export function Field({ label, problem, ...input }: FieldProps) {
  const id = useId();
  const said = problem?.fields?.filter(({ path }) => path === input.name) ?? [];
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input id={id} aria-invalid={said.length > 0} aria-describedby={`${id}-problem`} {...input} />
      <p id={`${id}-problem`} className="problem" role="alert">
        {said.map(({ message }) => message).join(' ')}
      </p>
    </div>
  );
}
