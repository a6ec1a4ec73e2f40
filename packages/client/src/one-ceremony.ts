import { type PasskeyError, passkeyError } from './ceremony.ts';

/** `background`: begun without a click, such as the autofill. */
type Kind = 'click' | 'background';

type Ceremony = {
  readonly kind: Kind;
  readonly controller: AbortController;
  /** Never rejects. */
  readonly ended: Promise<unknown>;
};

/** Of the page, not of a client: a browser runs one at a time. */
const active = new Set<Ceremony>();

/**
 * Runs one ceremony at a time: a click's ends all others, and one in the background ends others in
 * the background and waits for a click's.
 */
export function oneCeremony<T>(
  kind: Kind,
  signal: AbortSignal | undefined,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T | PasskeyError> {
  const stays = (one: Ceremony): boolean => kind === 'background' && one.kind === 'click';
  const before = [...active].filter(stays);
  for (const one of active) if (!stays(one)) one.controller.abort();
  const controller = new AbortController();
  const either = signal ? AbortSignal.any([signal, controller.signal]) : controller.signal;
  const inTurn = async (): Promise<T | PasskeyError> => {
    await Promise.all(before.map(({ ended }) => ended));
    return either.aborted ? passkeyError('CANCELLED') : run(either);
  };
  const running = inTurn();
  const forget = (): boolean => active.delete(own);
  const own: Ceremony = { kind, controller, ended: running.then(forget, forget) };
  active.add(own);
  return running;
}
