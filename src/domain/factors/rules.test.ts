import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  amrOf,
  type Enrolled,
  lackingMethods,
  type OtpMethod,
  type ProvedMethod,
  readProved,
} from './rules.ts';

const none: Enrolled = { totp: false, recoveryCodesLeft: 0 };
const app: Enrolled = { totp: true, recoveryCodesLeft: 0 };
const appAndCodes: Enrolled = { totp: true, recoveryCodesLeft: 10 };
/** Cannot occur, and must not complete anything by itself. */
const codesAlone: Enrolled = { totp: false, recoveryCodesLeft: 10 };

type Row = readonly [
  proved: readonly ProvedMethod[],
  lacking: { none: OtpMethod[]; app: OtpMethod[]; appAndCodes: OtpMethod[] },
  amr: string[],
];

const first: OtpMethod[] = ['EMAIL'];
const second: OtpMethod[] = ['TOTP', 'RECOVERY_CODE'];

/** Every set of proofs against every set of factors. An empty list means tokens. */
const table: readonly Row[] = [
  [[], { none: first, app: first, appAndCodes: first }, []],
  [['PASSWORD'], { none: [], app: ['TOTP'], appAndCodes: second }, ['pwd']],
  [['EMAIL'], { none: [], app: ['TOTP'], appAndCodes: second }, ['otp']],
  [['PASSWORD', 'EMAIL'], { none: [], app: ['TOTP'], appAndCodes: second }, ['pwd', 'otp']],
  [['TOTP'], { none: first, app: first, appAndCodes: first }, ['otp']],
  [['RECOVERY_CODE'], { none: first, app: first, appAndCodes: first }, ['otp']],
  [['TOTP', 'RECOVERY_CODE'], { none: first, app: first, appAndCodes: first }, ['otp']],
  [['PASSWORD', 'TOTP'], { none: [], app: [], appAndCodes: [] }, ['pwd', 'otp', 'mfa']],
  [['PASSWORD', 'RECOVERY_CODE'], { none: [], app: [], appAndCodes: [] }, ['pwd', 'otp', 'mfa']],
  [
    ['PASSWORD', 'TOTP', 'RECOVERY_CODE'],
    { none: [], app: [], appAndCodes: [] },
    ['pwd', 'otp', 'mfa'],
  ],
  [['EMAIL', 'TOTP'], { none: [], app: [], appAndCodes: [] }, ['otp']],
  [['EMAIL', 'RECOVERY_CODE'], { none: [], app: [], appAndCodes: [] }, ['otp']],
  [['EMAIL', 'TOTP', 'RECOVERY_CODE'], { none: [], app: [], appAndCodes: [] }, ['otp']],
  [['PASSWORD', 'EMAIL', 'TOTP'], { none: [], app: [], appAndCodes: [] }, ['pwd', 'otp', 'mfa']],
  [
    ['PASSWORD', 'EMAIL', 'RECOVERY_CODE'],
    { none: [], app: [], appAndCodes: [] },
    ['pwd', 'otp', 'mfa'],
  ],
  [
    ['PASSWORD', 'EMAIL', 'TOTP', 'RECOVERY_CODE'],
    { none: [], app: [], appAndCodes: [] },
    ['pwd', 'otp', 'mfa'],
  ],
];

describe('lackingMethods', () => {
  it('covers every set of proofs', () => {
    expect(new Set(table.map(([proved]) => [...proved].sort().join())).size).toBe(2 ** 4);
  });

  it.each(table)('ADV-24 ADV-50 OT-17 after %j', (proved, lacking) => {
    expect(lackingMethods(proved, none)).toEqual(lacking.none);
    expect(lackingMethods(proved, codesAlone)).toEqual(lacking.none);
    expect(lackingMethods(proved, app)).toEqual(lacking.app);
    expect(lackingMethods(proved, appAndCodes)).toEqual(lacking.appAndCodes);
    // In any order, and the same method twice does not count as two.
    expect(lackingMethods([...proved, ...proved].reverse(), appAndCodes)).toEqual(
      lacking.appAndCodes,
    );
  });
});

describe('amrOf', () => {
  it.each(table)(
    'OT-9 names what was proved by %j, and never calls a mailed code mfa',
    (proved, _, amr) => {
      expect(amrOf(proved)).toEqual(amr);
      expect(amrOf([...proved, ...proved].reverse())).toEqual(amr);
      if (!proved.includes('TOTP') && !proved.includes('RECOVERY_CODE'))
        expect(amr).not.toContain('mfa');
    },
  );
});

describe('readProved', () => {
  it('ignores unknown methods', () => {
    expect(readProved(['mfa', 'password', 'TOTP', 'pwd', ''])).toEqual(['TOTP']);
  });
});

describe('the way to a session', () => {
  it('OT-17 ADV-50 is single: only admit, which applies the policy, calls begin-session', () => {
    const root = new URL('../../', import.meta.url);
    const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.ts'),
    );
    const callers = (pattern: RegExp): string[] =>
      files.filter(
        (file) =>
          !file.endsWith('.test.ts') && pattern.test(readFileSync(new URL(file, root), 'utf8')),
      );
    expect(callers(/\bbeginSession\(/).sort()).toEqual([
      'domain/sessions/begin-session.ts',
      'domain/sign-in/admit.ts',
    ]);
    expect(callers(/\binsertSession\(/).sort()).toEqual([
      'db/queries/sessions.ts',
      'domain/sessions/begin-session.ts',
    ]);
  });
});
