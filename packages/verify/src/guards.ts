import type { Caller } from './create-verifier.ts';

/** Why a caller is refused, and how HTTP says so (RFC 6750 3, RFC 9470 3). */
export type Denial = {
  readonly status: 401 | 403;
  readonly code: 'UNAUTHENTICATED' | 'FORBIDDEN' | 'STEP_UP_REQUIRED';
  readonly reason: string;
  readonly message: string;
  /** The value of the WWW-Authenticate header. */
  readonly challenge: string;
  /** Seconds: the caller has to prove again who they are, no longer ago than that. */
  readonly maxAge?: number;
  /** What the proof has to contain: a value of `amr`. */
  readonly factor?: string;
};

/** Judges a caller: null lets them in. Every guard refuses an anonymous request. */
export type Guard = (caller: Caller) => Denial | null;

/** One guard, or several that must all let the caller in. */
export type Guards = Guard | readonly Guard[];

/** Any caller with a valid token. Every other guard requires that as well. */
export const required: Guard = () => null;

/** Callers with that role. Roles are as old as the token: ACCESS_TOKEN_TTL at most. */
export function requireRole(role: string): Guard {
  return (caller) => (caller.roles.includes(role) ? null : forbidden('ROLE_MISSING'));
}

/**
 * Callers whose token has all these scopes in its claim `scope`. Throws TypeError for a name that
 * is no scope (RFC 6749 3.3).
 */
export function requireScope(...scopes: readonly [string, ...string[]]): Guard {
  for (const scope of scopes) check(scope, 'scope');
  const challenge = `Bearer error="insufficient_scope", scope="${scopes.join(' ')}"`;
  return (caller) => {
    const granted = new Set(scopesIn(caller));
    if (scopes.every((scope) => granted.has(scope))) return null;
    return { ...forbidden('SCOPE_MISSING'), challenge };
  };
}

/**
 * Callers who proved that at their sign-in or step-up, by its name in `amr` (RFC 8176): `mfa`,
 * `otp` ... Others are asked for a step-up (RFC 9470). Throws TypeError for a name that no header
 * can have.
 */
export function requireFactor(factor: string): Guard {
  check(factor, 'factor');
  const challenge = `Bearer error="insufficient_user_authentication", acr_values="${factor}"`;
  const denial: Denial = { ...stepUp('FACTOR_MISSING'), challenge, factor };
  return (caller) => (caller.methods.includes(factor) ? null : denial);
}

/**
 * Callers who proved who they are within so many seconds, by this machine's clock. Others are asked
 * for a step-up (RFC 9470). Throws RangeError for what is no number of seconds.
 */
export function maxAge(seconds: number): Guard {
  if (!Number.isSafeInteger(seconds) || seconds < 1)
    throw new RangeError('maxAge takes whole seconds, one or more.');
  const challenge = `Bearer error="insufficient_user_authentication", max_age="${seconds}"`;
  const denial: Denial = { ...stepUp('AUTHENTICATION_TOO_OLD'), challenge, maxAge: seconds };
  return ({ authenticatedAt }) =>
    Date.now() - authenticatedAt.getTime() <= seconds * 1000 ? null : denial;
}

/** Callers of whom `test` is true. Others are refused for `reason`, which they can read. */
export function requireThat(test: (caller: Caller) => boolean, reason: string): Guard {
  const denial = forbidden(reason);
  return (caller) => (test(caller) ? null : denial);
}

/** Callers whom one of the guards lets in. Others are refused as by the first. */
export function anyOf(...guards: readonly [Guard, ...Guard[]]): Guard {
  const [first] = guards;
  return (caller) => (guards.some((guard) => guard(caller) === null) ? null : first(caller));
}

/**
 * The guards in an adapter's options. Throws TypeError for `required`, which was an option once: to
 * pass over it would open the route.
 */
export function guardsIn(options: { readonly require?: Guards | undefined }): Guards | undefined {
  if ('required' in options)
    throw new TypeError('The option `required` is `require: required`, a guard, since 0.2.');
  return options.require;
}

/** Why the guards refuse a caller, or null. Without guards everyone is let in. */
export function judge(caller: Caller | null, guards: Guards | undefined): Denial | null {
  if (guards === undefined) return null;
  if (caller === null) return anonymous;
  const denials = [guards].flat().flatMap((guard) => guard(caller) ?? []);
  // Nobody is asked to prove again who they are for what they may not do anyway.
  return denials.find(({ status }) => status === 403) ?? denials[0] ?? null;
}

/** The scopes of a caller's token. */
export function scopesIn({ claims }: Caller): string[] {
  const { scope } = claims;
  return typeof scope === 'string' ? scope.split(' ').filter((name) => name !== '') : [];
}

/**
 * RFC 6750 3, 3.1: a caller who sent no token is told the scheme with at least one parameter, and
 * no error.
 */
export const anonymous: Denial = {
  status: 401,
  code: 'UNAUTHENTICATED',
  reason: 'TOKEN_MISSING',
  message: 'A valid access token is required.',
  challenge: 'Bearer realm="latchkey"',
};

export function forbidden(reason: string): Denial {
  return {
    status: 403,
    code: 'FORBIDDEN',
    reason,
    message: 'The caller may not do this.',
    challenge: 'Bearer error="insufficient_scope"',
  };
}

function stepUp(reason: string): Omit<Denial, 'challenge'> {
  return {
    status: 401,
    // Not UNAUTHENTICATED, on which clients refresh: a refresh proves nothing.
    code: 'STEP_UP_REQUIRED',
    reason,
    message: 'Prove again who you are, then repeat the request.',
  };
}

/** SECURITY: the name goes into a header, within quotes. */
function check(name: string, what: string): void {
  if (!/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(name))
    throw new TypeError(`Not the name of a ${what}: ${JSON.stringify(name)}.`);
}
