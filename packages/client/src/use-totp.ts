import { useState } from 'react';
import type { TotpEnrollment } from './operations.ts';
import { useAuth } from './use-auth.ts';
import type { StepUp } from './use-step-up.ts';
import { type Progress, useWork } from './use-submit.ts';

/** The authenticator app of the user, and how it is set up. */
export type Totp = Progress &
  (
    | { readonly step: 'totp-off'; enable(): Promise<void> }
    | { readonly step: 'totp-on'; disable(): Promise<void> }
    | {
        readonly step: 'totp-enrolling';
        /** Show its `secret` and the picture: nothing changes before a code has come back. */
        readonly enrollment: TotpEnrollment;
        /** The picture to scan, for the `src` of an `<img>`. */
        readonly picture: string;
        confirm(input: { readonly code: string }): Promise<void>;
        back(): void;
      }
    | {
        readonly step: 'totp-codes';
        /** The recovery codes, shown here and never again. */
        readonly codes: readonly string[];
        done(): void;
      }
  );

/**
 * Sets up an authenticator app, or removes it. Both take a recent proof, which `run` of `useStepUp`
 * asks for.
 */
export function useTotp({ run }: Pick<StepUp, 'run'>): Totp {
  const { auth, user } = useAuth();
  const { run: send, show, ...progress } = useWork();
  const [enrollment, setEnrollment] = useState<TotpEnrollment | null>(null);
  const [codes, setCodes] = useState<readonly string[] | null>(null);
  if (codes) return { ...progress, step: 'totp-codes', codes, done: () => setCodes(null) };
  if (enrollment)
    return {
      ...progress,
      step: 'totp-enrolling',
      enrollment,
      picture: `data:image/svg+xml,${encodeURIComponent(enrollment.qrCode)}`,
      confirm: async ({ code }) => {
        const input = { enrollmentId: enrollment.id, code };
        const confirmed = await send(() => run(() => auth.confirmTotpEnrollment(input)));
        if (!confirmed) return;
        setEnrollment(null);
        setCodes(confirmed.codes);
      },
      back: () => {
        show(null);
        setEnrollment(null);
      },
    };
  if (user?.totpEnabled)
    return {
      ...progress,
      step: 'totp-on',
      disable: async () => void (await send(() => run(() => auth.disableTotp({})))),
    };
  return {
    ...progress,
    step: 'totp-off',
    enable: async () => setEnrollment(await send(() => run(() => auth.startTotpEnrollment({})))),
  };
}
