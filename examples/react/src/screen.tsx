import { type SignIn, type StepUp, screenOf, type Totp } from '@latchkey/client/react';

/** A step as forms, each with its button, and what the server says of what was typed. */
export function Screen({ of }: { of: SignIn | StepUp | Totp }) {
  const { title, text, forms } = screenOf(of);
  return (
    <section>
      {title && <h2>{title}</h2>}
      <p role="status">{text}</p>
      <p role="alert">{of.problem?.message}</p>
      {forms.map(({ id, label, fields, disabled, onSubmit }) => (
        <form key={id} onSubmit={onSubmit}>
          {fields.map(({ label, ...input }) => (
            <label key={input.name}>
              {label} <input {...input} /> <em role="alert">{of.fields[input.name]}</em>
            </label>
          ))}
          <input type="submit" value={label} disabled={disabled} />
        </form>
      ))}
    </section>
  );
}
