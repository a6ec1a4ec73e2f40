import { existsSync, readFileSync } from 'node:fs';
import { buildSchema, parse, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import { fillChallenge, firstSteps } from './page/first-steps.ts';

const schemaFile = new URL('../../../../schema.graphql', import.meta.url);

describe('firstSteps', () => {
  it.skipIf(!existsSync(schemaFile))('uses only fields of the schema', () => {
    const schema = buildSchema(readFileSync(schemaFile, 'utf8'), { assumeValidSDL: true });
    for (const step of firstSteps) expect(validate(schema, parse(step))).toEqual([]);
  });

  it('fits a narrow editor', () => {
    const lines = firstSteps.flatMap((step) => step.split('\n'));
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(52);
  });
});

describe('fillChallenge', () => {
  const open = 'verifyOtp(input: { challengeId: "", code: "" })';

  it('keeps what the reader wrote', () => {
    const own = open.replace('""', '"their-own"');
    expect(fillChallenge(own, 'new', new Set(['old']))).toBe(own);
    expect(fillChallenge('{ me { id } }', 'new', new Set())).toBe('{ me { id } }');
  });

  it('fills the empty value, and updates what it filled in before', () => {
    const filled = fillChallenge(open, 'old', new Set());
    expect(filled).toBe('verifyOtp(input: { challengeId: "old", code: "" })');
    expect(fillChallenge(filled, 'new', new Set(['old']))).toBe(
      'verifyOtp(input: { challengeId: "new", code: "" })',
    );
  });
});
