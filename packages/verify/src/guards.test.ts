import Fastify from 'fastify';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Caller, Verifier } from './create-verifier.ts';
import { judge } from './guards.ts';
import {
  anyOf,
  createVerifier,
  expressAuth,
  fastifyAuth,
  type Guards,
  honoAuth,
  maxAge,
  protect,
  required,
  requireFactor,
  requireRole,
  requireScope,
  requireThat,
} from './index.ts';

const now = Date.parse('2026-12-01T12:00:00Z');
const ada: Caller = {
  userId: 'ada',
  sessionId: 'session-1',
  roles: ['editor'],
  methods: ['pwd', 'otp', 'mfa'],
  authenticatedAt: new Date(now - 300_000),
  expiresAt: new Date(now + 900_000),
  claims: { scope: 'orders:read orders:write', org: 'north' },
};
const ofTheSouth = requireThat(({ claims }) => claims['org'] === 'south', 'ANOTHER_ORGANISATION');

const at = (time: number) => vi.useFakeTimers({ toFake: ['Date'], now: time });
afterEach(() => vi.useRealTimers());

describe('a guard refuses', () => {
  const lacking: [string, Guards, number, string, string][] = [
    ['another role', requireRole('admin'), 403, 'ROLE_MISSING', 'insufficient_scope'],
    ['a part of a role’s name', requireRole('edit'), 403, 'ROLE_MISSING', 'insufficient_scope'],
    [
      'one of two scopes',
      requireScope('orders:read', 'orders:delete'),
      403,
      'SCOPE_MISSING',
      'insufficient_scope", scope="orders:read orders:delete',
    ],
    ['a part of a scope', requireScope('orders'), 403, 'SCOPE_MISSING', 'scope", scope="orders'],
    [
      'another factor',
      requireFactor('hwk'),
      401,
      'FACTOR_MISSING',
      'insufficient_user_authentication", acr_values="hwk',
    ],
    [
      'an older proof',
      maxAge(299),
      401,
      'AUTHENTICATION_TOO_OLD',
      'insufficient_user_authentication", max_age="299',
    ],
    ['what a test refuses', ofTheSouth, 403, 'ANOTHER_ORGANISATION', 'insufficient_scope'],
  ];

  it.each(lacking)('%s', (_name, guards, status, reason, challenge) => {
    at(now);
    const denial = judge(ada, guards);
    expect(denial).toMatchObject({ status, reason });
    expect(denial?.challenge.endsWith(`${challenge}"`)).toBe(true);
    expect(denial?.challenge.startsWith('Bearer error="')).toBe(true);
  });

  it.each(lacking)('anonymous requests, whatever else it wants: not %s', (_name, guards) => {
    expect(judge(null, guards)).toMatchObject({
      status: 401,
      code: 'UNAUTHENTICATED',
      reason: 'TOKEN_MISSING',
      challenge: 'Bearer realm="latchkey"',
    });
  });

  it('where one of several does, without a step-up for what is forbidden anyway', () => {
    at(now);
    for (const guards of [
      [maxAge(1), requireRole('admin')],
      [requireRole('admin'), maxAge(1)],
    ])
      expect(judge(ada, guards)).toMatchObject({ code: 'FORBIDDEN', reason: 'ROLE_MISSING' });
    expect(judge(ada, [requireRole('editor'), maxAge(1)])).toMatchObject({
      code: 'STEP_UP_REQUIRED',
      maxAge: 1,
    });
  });

  it('where each of several alternatives does, as the first', () => {
    const either = anyOf(requireRole('admin'), requireScope('orders:delete'));
    expect(judge(ada, either)).toMatchObject({ reason: 'ROLE_MISSING' });
    expect(judge(null, either)).toMatchObject({ reason: 'TOKEN_MISSING' });
  });

  it('anonymous requests even where the list is empty', () => {
    expect(judge(null, [])).toMatchObject({ reason: 'TOKEN_MISSING' });
    expect(judge(null, required)).toMatchObject({ reason: 'TOKEN_MISSING' });
  });

  it('a token without a scope, or with one that is no text', () => {
    for (const claims of [{}, { scope: ['orders:read'] }, { scope: '' }])
      expect(judge({ ...ada, claims }, requireScope('orders:read'))).toMatchObject({
        reason: 'SCOPE_MISSING',
      });
  });
});

describe('a guard lets in', () => {
  it('who has what it wants', () => {
    at(now);
    const all = [
      required,
      requireRole('editor'),
      requireFactor('mfa'),
      requireScope('orders:write', 'orders:read'),
      maxAge(300),
      anyOf(requireRole('admin'), requireScope('orders:read')),
    ];
    expect(judge(ada, all)).toBeNull();
    expect(judge(null, undefined)).toBeNull();
  });

  it('a proof of the future: the server’s clock may be ahead', () => {
    at(now - 3_600_000);
    expect(judge(ada, maxAge(1))).toBeNull();
  });
});

describe('a guard cannot be made', () => {
  it('of what no header can have, nor of no number of seconds', () => {
    for (const name of ['', 'a b', 'a"b', 'a\\b', 'a\r\nSet-Cookie: b', 'é']) {
      expect(() => requireScope(name)).toThrow(TypeError);
      expect(() => requireFactor(name)).toThrow(TypeError);
    }
    for (const seconds of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => maxAge(seconds)).toThrow(RangeError);
  });
});

describe('the option `required` of older versions', () => {
  const verifier = createVerifier({ issuer: 'https://auth.example.com' });
  const old: { readonly verifier: Verifier; readonly require?: Guards } = Object.assign(
    { verifier },
    { required: true },
  );
  it.each([
    ['Express', () => expressAuth(verifier, old)],
    ['Hono', () => honoAuth(verifier, old)],
    ['Fastify', () => fastifyAuth(Fastify(), old)],
    ['a fetch handler', () => protect(() => new Response(), old)],
  ])('stops an app of %s that would be open without it', (_name, make) => {
    expect(make).toThrow(/`required` is `require: required`/);
  });
});
