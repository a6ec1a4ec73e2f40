import type { AuthError } from '@latchkey/client';
import type { PasskeyError } from '@latchkey/client/passkeys';
import { useCallback, useRef, useState } from 'react';
import { lookAgain } from '../api/clients.ts';
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

/** What was answered, or why nothing was done: one of them is null. */
type Sent<Result> = {
  readonly answer: Exclude<Result, Refused> | null;
  readonly refusal: Refusal | null;
};

export type Attempt = {
  readonly isBusy: boolean;
  /** Of the last thing that was sent. */
  readonly refusal: Refusal | null;
  /** Sends one thing at a time; both are null where another is still on its way. */
  send<Result extends Answer>(work: () => Promise<Result>): Promise<Sent<Result>>;
};

/** One thing that is sent, what became of it, and whether it is still on its way. */
export function useAttempt(): Attempt {
  const [isBusy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const inFlight = useRef(false);
  const send = useCallback(
    async <Result extends Answer>(work: () => Promise<Result>): Promise<Sent<Result>> => {
      if (inFlight.current) return { answer: null, refusal: null };
      inFlight.current = true;
      setBusy(true);
      setRefusal(null);
      const sent = await outcomeOf(work);
      inFlight.current = false;
      setBusy(false);
      setRefusal(sent.refusal);
      return sent;
    },
    [],
  );
  return { isBusy, refusal, send };
}

async function outcomeOf<Result extends Answer>(
  work: () => Promise<Result>,
): Promise<Sent<Result>> {
  try {
    const result = await work();
    const refusal = refusalIn(result);
    return { answer: refusal === null ? (result as Exclude<Result, Refused>) : null, refusal };
  } catch (error) {
    const failure = failureOf(error);
    if (failure.code === 'FORBIDDEN') lookAgain();
    return { answer: null, refusal: { ...failure, fields: {} } };
  }
}

/** What is wrong with a field, or with a part of it such as `roles.0`. */
export function problemOf(refusal: Refusal | null, field: string): string | undefined {
  const path = Object.keys(refusal?.fields ?? {}).find(
    (each) => each === field || each.startsWith(`${field}.`),
  );
  return path === undefined ? undefined : refusal?.fields[path];
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
