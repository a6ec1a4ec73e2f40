import { useAuth } from '@latchkey/client/react';
import { Field, Form } from './form.tsx';
import { useSubmit } from './use-submit.ts';

/** For an account without a password, such as one that the link of a mail has just opened. */
export function ChoosePassword({ onChange }: { onChange: () => unknown }) {
  const { auth } = useAuth();
  const submit = useSubmit(
    (text) => auth.changePassword({ newPassword: text('newPassword') }),
    () => onChange(),
  );
  return (
    <section className="sheet">
      <h2>Choose a password</h2>
      <Form submit={submit} button="Save password">
        <Field
          name="newPassword"
          label="New password"
          type="password"
          autoComplete="new-password"
          required
          problem={submit.problem}
        />
      </Form>
    </section>
  );
}
