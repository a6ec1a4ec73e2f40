import { describe, expect, it } from 'vitest';
import { distinctRoles, isLastAdmin, judgeAdmin, rolePattern } from './rules.ts';

describe('judgeAdmin', () => {
  const admin = { roles: ['editor', 'admin'], methods: ['pwd', 'otp', 'mfa'], isFresh: true };

  it('AZ-4 requires the role, then the second factor, then for a change a recent proof', () => {
    expect(judgeAdmin({ ...admin, roles: ['editor', 'Admin', 'administrator'] }, 'look')).toBe(
      'not-an-admin',
    );
    expect(judgeAdmin({ ...admin, roles: [] }, 'change')).toBe('not-an-admin');
    expect(judgeAdmin({ ...admin, methods: ['pwd', 'otp'] }, 'look')).toBe('no-second-factor');
    expect(judgeAdmin({ ...admin, methods: [] }, 'change')).toBe('no-second-factor');
    expect(judgeAdmin({ ...admin, isFresh: false }, 'change')).toBe('not-fresh');
    expect(judgeAdmin({ ...admin, isFresh: false }, 'look')).toBe('allowed');
    expect(judgeAdmin(admin, 'change')).toBe('allowed');
  });
});

describe('isLastAdmin', () => {
  it('AZ-7 is true for the only administrator', () => {
    expect(isLastAdmin(['a'], 'a')).toBe(true);
    expect(isLastAdmin(['a', 'b'], 'a')).toBe(false);
    expect(isLastAdmin(['b'], 'a')).toBe(false);
    expect(isLastAdmin([], 'a')).toBe(false);
  });
});

describe('roles', () => {
  it('are short words in lower case, each once', () => {
    for (const role of ['', 'Admin', 'a b', 'é', 'a'.repeat(41), 'admin\n'])
      expect(rolePattern.test(role)).toBe(false);
    for (const role of ['admin', 'a', 'team:billing', 'a-b_c:9', 'a'.repeat(40)])
      expect(rolePattern.test(role)).toBe(true);
    expect(distinctRoles(['b', 'a', 'b'])).toEqual(['b', 'a']);
  });
});
