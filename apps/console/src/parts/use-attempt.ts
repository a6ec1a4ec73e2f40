import type { AuthError } from '@latchkey/client';
import type { PasskeyError } from '@latchkey/client/passkeys';
import { useCallback, useRef, useState } from 'react';
import { failureOf } from '../api/failure.ts';
import { text } from '../text.ts';

/** Why something was not done, in words. */
export type Refusal = {
  readonly code: string;
  readonly message: string;
  /** By field. */
  readonly fields: Readonly<Record<string, string>>;
};

type Refused = { readonly __typename: 'AuthError' | 'PasskeyError' };
type Answer = { readonly __typename: string };

export type Attempt = {
  readonly isBusy: boolean;
  readonly refusal: Refusal | null;
  /** Takes the refusal away. */
  forget(): void;
  /** Sends one thing at a time; null where it was refused, or failed. */
  send<Result extends Answer>(
    work: () => Promise<Result>,
  ): Promise<Exclude<Result, Refused> | null>;
};

/** One thing that is sent, what became of it, and whether it is still on its way. */
export function useAttempt(): Attempt {
  const [isBusy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const inFlight = useRef(false);
  const forget = useCallback(() => setRefusal(null), []);
  const send = useCallback(
    async <Result extends Answer>(
      work: () => Promise<Result>,
    ): Promise<Exclude<Result, Refused> | null> => {
      if (inFlight.current) return null;
      inFlight.current = true;
      setBusy(true);
      setRefusal(null);
      try {
        const result = await work();
        const refused = refusalIn(result);
        setRefusal(refused);
        return refused === null ? (result as Exclude<Result, Refused>) : null;
      } catch (error) {
        setRefusal({ ...failureOf(error), fields: {} });
        return null;
      } finally {
        inFlight.current = false;
        setBusy(false);
      }
    },
    [],
  );
  return { isBusy, refusal, forget, send };
}

function refusalIn(result: Answer): Refusal | null {
  if (result.__typename === 'AuthError') return refusalOf(result as Answer & AuthError);
  if (result.__typename !== 'PasskeyError') return null;
  const { code, message } = result as PasskeyError;
  return { code, message: text.refusals[code] ?? message, fields: {} };
}

function refusalOf({ code, message, fields, retryAfter }: AuthError): Refusal {
  const known = text.refusals[code] ?? message;
  return {
    code,
    message: code === 'RATE_LIMITED' ? text.rateLimited(retryAfter ?? 60) : known,
    fields: Object.fromEntries(fields.map((field) => [field.path, field.message])),
  };
}
