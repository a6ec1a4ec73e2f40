import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { systemRandom } from '../../random.ts';
import { totpCode } from '../../testing/authenticator.ts';
import { matchingStep, otpauthUri, secretBytes, writeSecret } from './totp.ts';

const run = promisify(execFile);
const secret = Buffer.from('12345678901234567890');
const at = (seconds: number): Date => new Date(seconds * 1000);
const now = at(1_764_000_010);
const step = Math.floor(1_764_000_010 / 30);
const codeOf = (steps: number): string => totpCode(writeSecret(secret), now, steps);

describe('matchingStep', () => {
  it.each([
    [-3, 'of three steps ago'],
    [-2, 'of two steps ago (T−2)'],
    [1, 'of the next step'],
    [2, 'of the step after that (T+2)'],
    [3, 'of three steps ahead'],
  ])('OT-13 refuses the code of step %i, %s', async (steps) => {
    expect(await matchingStep({ secret, code: codeOf(steps), now })).toBeNull();
  });

  it('OT-13 accepts the current and the previous step, to the second', async () => {
    expect(await matchingStep({ secret, code: codeOf(0), now })).toBe(step);
    expect(await matchingStep({ secret, code: codeOf(-1), now })).toBe(step - 1);
    const code = totpCode(writeSecret(secret), at(step * 30));
    expect(await matchingStep({ secret, code, now: at(step * 30 - 1) })).toBeNull();
    expect(await matchingStep({ secret, code, now: at(step * 30) })).toBe(step);
    expect(await matchingStep({ secret, code, now: at(step * 30 + 59) })).toBe(step);
    expect(await matchingStep({ secret, code, now: at(step * 30 + 60) })).toBeNull();
  });

  it.each([
    '',
    'abc',
    '12345',
    '1234567',
    '12345a',
    '１２３４５６',
    '-12345',
    ' 12345',
    '1e5000',
    '\u0000'.repeat(6),
    '9'.repeat(10_000),
  ])('OT-10 takes a malformed code for a wrong one and does not throw (case %#)', async (code) => {
    expect(await matchingStep({ secret, code, now })).toBeNull();
  });

  it('OT-13 fails closed for a clock before 1970 and for an invalid time', async () => {
    expect(await matchingStep({ secret, code: codeOf(0), now: at(-40) })).toBeNull();
    expect(await matchingStep({ secret, code: codeOf(0), now: new Date(Number.NaN) })).toBeNull();
  });

  it('OT-11 keeps otplib’s guardrails: a secret under 128 bits matches nothing', async () => {
    const short = Buffer.from('123456789012345');
    expect(
      await matchingStep({ secret: short, code: totpCode(writeSecret(short), now), now }),
    ).toBeNull();
    expect(secretBytes * 8).toBeGreaterThanOrEqual(160);
  });

  /**
   * RFC 6238 appendix B, SHA-1. The RFC shows eight digits; six are the last six of them (RFC 4226
   * 5.3).
   */
  it.each([
    [59, '94287082'],
    [1_111_111_109, '07081804'],
    [1_111_111_111, '14050471'],
    [1_234_567_890, '89005924'],
    [2_000_000_000, '69279037'],
    [20_000_000_000, '65353130'],
  ])('agrees with RFC 6238 appendix B at %i', async (seconds, eightDigits) => {
    const code = eightDigits.slice(2);
    expect(await matchingStep({ secret, code, now: at(seconds) })).toBe(Math.floor(seconds / 30));
    expect(totpCode(writeSecret(secret), at(seconds))).toBe(code);
  });
});

describe('an independent program', () => {
  const missing = spawnSync('oathtool', ['--version']).status !== 0;

  it.skipIf(missing)(
    'agrees with us over 1,000 secrets and times (oathtool)',
    async () => {
      // The same thousand on every run, so that a disagreement can be investigated; times from 1970
      // to 2242.
      const cases = Array.from({ length: 1000 }, (_, number) => {
        const seed = createHash('sha256').update(`secret ${number}`).digest();
        return { secret: seed.subarray(0, secretBytes), seconds: seed.readUInt32BE(20) * 2 };
      });
      const lines = cases.map(
        ({ secret: some, seconds }) => `${writeSecret(some)} ${at(seconds).toISOString()}`,
      );
      const codes = await oathtool(lines);
      expect(codes).toHaveLength(1000);
      for (const [index, { secret: some, seconds }] of cases.entries()) {
        const found = await matchingStep({
          secret: some,
          code: codes[index] ?? '',
          now: at(seconds),
        });
        expect(found).toBe(Math.floor(seconds / 30));
      }
      expect(codes.filter((code) => code.startsWith('0')).length).toBeGreaterThan(50);
    },
    120_000,
  );

  /** One run of the program per line: a secret and a time. */
  async function oathtool(lines: readonly string[]): Promise<string[]> {
    const each =
      'while read -r secret time; do oathtool --totp --base32 "$secret" --now "$time"; done';
    const running = run('sh', ['-c', each]);
    running.child.stdin?.end(`${lines.join('\n')}\n`);
    const { stdout } = await running;
    return stdout.trim().split('\n');
  }
});

describe('secrets and addresses', () => {
  it('OT-11 a secret has 160 bits: 32 symbols of base32, none twice in a thousand', () => {
    const secrets = new Set(
      Array.from({ length: 1000 }, () => writeSecret(systemRandom.bytes(secretBytes))),
    );
    expect(secrets.size).toBe(1000);
    for (const written of secrets) expect(written).toMatch(/^[A-Z2-7]{32}$/);
  });

  it('writes a URI that a URL parser reads back, whatever the label', () => {
    const label = 'a:b?c&secret=X#ü/% <svg onload=x>';
    const uri = new URL(otpauthUri({ issuer: 'Latchkey', label, secret }));
    expect(uri.protocol).toBe('otpauth:');
    expect(uri.host).toBe('totp');
    expect(decodeURIComponent(uri.pathname)).toBe(`/Latchkey:${label.replace(':', ' ')}`);
    expect([...uri.searchParams]).toEqual([
      ['secret', writeSecret(secret)],
      ['issuer', 'Latchkey'],
    ]);
  });
});
