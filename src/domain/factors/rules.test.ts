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

const none: Enrolled = { totp: false, recoveryCodesLeft: 0, passkeys: false };
const app: Enrolled = { ...none, totp: true };
const appAndCodes: Enrolled = { ...app, recoveryCodesLeft: 10 };
/** Cannot occur, and must not complete anything by itself. */
const codesAlone: Enrolled = { ...none, recoveryCodesLeft: 10 };
const passkeys: Enrolled = { ...none, passkeys: true };
const appAndPasskeys: Enrolled = { ...app, passkeys: true };

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

/** With a passkey the same is lacking, and a passkey is one more way. */
describe('PK-3 lackingMethods of an account with passkeys', () => {
  it.each(table)(
    'after %j asks for a second step only where there is an app',
    (proved, lacking) => {
      const ways = lacking.none.length > 0 ? ['EMAIL', 'PASSKEY'] : [];
      expect(lackingMethods(proved, passkeys)).toEqual(ways);
      const isSecond = lacking.none.length === 0 && lacking.app.length > 0;
      const second = isSecond ? ['PASSKEY', 'SECURITY_KEY', 'TOTP'] : ways;
      expect(lackingMethods(proved, appAndPasskeys)).toEqual(second);
    },
  );

  it.each(table)('after %j and a passkey that has verified its user lacks nothing', (proved) => {
    for (const enrolled of [none, app, appAndCodes, codesAlone, passkeys, appAndPasskeys])
      expect(lackingMethods([...proved, 'PASSKEY'], enrolled)).toEqual([]);
  });

  it.each(table)(
    'after %j a key that has not is a second step, and no first',
    (proved, lacking) => {
      const both: ProvedMethod[] = [...proved, 'SECURITY_KEY'];
      expect(lackingMethods(both, none)).toEqual(lacking.none);
      const left = lacking.none.length > 0 ? first : [];
      expect(lackingMethods(both, appAndCodes)).toEqual(left);
      expect(lackingMethods(both, app)).toEqual(left);
    },
  );
});

describe('PK-3 amrOf with a passkey', () => {
  it.each<[ProvedMethod[], 'hwk' | 'swk', string[]]>([
    [['PASSKEY'], 'hwk', ['hwk', 'user', 'mfa']],
    [['PASSKEY'], 'swk', ['swk', 'user', 'mfa']],
    [['SECURITY_KEY'], 'hwk', ['hwk', 'user']],
    [['EMAIL', 'SECURITY_KEY'], 'hwk', ['otp', 'hwk', 'user']],
    [['TOTP', 'SECURITY_KEY'], 'hwk', ['hwk', 'user', 'otp']],
    [['PASSWORD', 'SECURITY_KEY'], 'swk', ['pwd', 'swk', 'user', 'mfa']],
    [['EMAIL', 'PASSKEY'], 'hwk', ['otp', 'hwk', 'user', 'mfa']],
    [['PASSWORD', 'PASSKEY'], 'hwk', ['pwd', 'hwk', 'user', 'mfa']],
  ])('of %j, %s', (proved, key, amr) => {
    expect(amrOf(proved, key)).toEqual(amr);
  });

  it('takes a key that is not known for one that can be copied', () => {
    expect(amrOf(['PASSKEY'])).toEqual(['swk', 'user', 'mfa']);
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
