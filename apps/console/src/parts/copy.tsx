import { useEffect, useState } from 'react';
import { text } from '../text.ts';

type Props = {
  readonly value: string;
  /** What is copied, for a reader who does not see what stands beside. */
  readonly of: string;
  readonly label?: string;
};

/** Copies a text, and says so for a moment. */
export function Copy({ value, of, label = text.copy.action }: Props) {
  const [state, setState] = useState<'idle' | 'copied' | 'failed'>('idle');
  useEffect(() => {
    if (state === 'idle') return;
    const timer = setTimeout(() => setState('idle'), 2500);
    return () => clearTimeout(timer);
  }, [state]);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(value);
      setState('copied');
    } catch {
      setState('failed');
    }
  };
  return (
    <button type="button" className="small" onClick={copy} aria-label={`${label}: ${of}`}>
      <span aria-live="polite">{state === 'idle' ? label : text.copy[state]}</span>
    </button>
  );
}
