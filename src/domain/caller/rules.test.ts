import { describe, expect, it } from 'vitest';
import type { Context, Viewer } from '../../context.ts';
import { AuthError } from '../../errors.ts';
import { createTestClock } from '../../testing/clock.ts';
import { requireAdminToChange, requireAdminToLook } from '../admin/require-admin.ts';
import { onlookerOf } from '../users/user-view.ts';
import { requireRecentProof, requireStepUp, requireViewer } from './require-step-up.ts';
import { actsAsUser } from './rules.ts';

/**
 * A caller with everything that a session has, administrator's role and fresh second factor
 * included, except for its kind.
 */
const callerOf = (kind: string): Viewer =>
  ({
    kind,
    userId: 'u',
    sessionId: 's',
    roles: ['admin'],
    session: {
      user: { id: 'u', totpEnabledAt: null },
      session: {
        authenticatedAt: new Date('2100-01-01'),
        methods: ['pwd', 'otp', 'mfa'],
        provedMethods: ['PASSWORD', 'TOTP'],
      },
    },
  }) as unknown as Viewer;

/** Future kinds, and names of members that every object has. */
const others = ['key', 'machine', 'impersonator', 'Session', '', 'toString', '__proto__'];

const context = (viewer: Viewer | null): Context =>
  ({
    viewer,
    gateway: false,
    clock: createTestClock(),
    log: { warn: () => {} },
    request: { id: 'r' },
  }) as unknown as Context;

const codeOf = (run: () => unknown): string => {
  try {
    run();
    return 'passed';
  } catch (error) {
    return error instanceof AuthError ? error.code : String(error);
  }
};

describe('what a kind of caller may do', () => {
  it('a session acts as its user', () => {
    expect(actsAsUser(callerOf('session'))).toBe(true);
    expect(requireViewer(context(callerOf('session'))).userId).toBe('u');
    expect(onlookerOf(context(callerOf('session')), 'u')).toBe('self');
    expect(onlookerOf(context(callerOf('session')), 'another')).toBe('admin');
  });

  it.each(others)('AZ-1 a caller of the kind %j has none of a user’s rights', (kind) => {
    const ctx = context(callerOf(kind));
    expect(actsAsUser(ctx.viewer)).toBe(false);
    for (const door of [
      requireViewer,
      requireRecentProof,
      requireStepUp,
      requireAdminToLook,
      requireAdminToChange,
    ]) {
      expect([door.name, codeOf(() => door(ctx))]).toEqual([door.name, 'FORBIDDEN']);
    }
    expect(onlookerOf(ctx, 'u')).toBe('other');
  });

  it('AZ-1 an anonymous caller is asked to sign in', () => {
    expect(actsAsUser(null)).toBe(false);
    expect(codeOf(() => requireViewer(context(null)))).toBe('UNAUTHENTICATED');
  });
});
