import { describe, expect, it } from 'vitest';
import { fillIds } from './page/fill-ids.ts';

describe('fillIds', () => {
  const open = 'verifyOtp(input: { challengeId: "", code: "" })';
  const ids = { challengeId: 'new', enrollmentId: 'other' };

  it('keeps what the reader wrote, and what it knows nothing for', () => {
    const own = open.replace('""', '"their-own"');
    expect(fillIds(own, ids, new Set(['old']))).toBe(own);
    expect(fillIds('{ me { id } }', ids, new Set())).toBe('{ me { id } }');
    expect(fillIds(open, { challengeId: null, enrollmentId: 'other' }, new Set())).toBe(open);
  });

  it('fills each empty value, and updates what it filled in before', () => {
    const both = `${open}\n${open}\nconfirmTotpEnrollment(input: { enrollmentId: "", code: "" })`;
    const filled = fillIds(both, { challengeId: 'old', enrollmentId: 'other' }, new Set());
    expect(filled).toBe(
      both.replaceAll('challengeId: ""', 'challengeId: "old"').replace('Id: ""', 'Id: "other"'),
    );
    expect(fillIds(filled, ids, new Set(['old']))).toBe(filled.replaceAll('"old"', '"new"'));
  });
});
