import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { enrolTotp } from '../../testing/authenticator.ts';
import { freshAddress, goodPassword, type Person, registerPerson } from '../../testing/people.ts';

const inDigitsFrom = (zero: number) => (code: string) =>
  code.replace(/\d/g, (digit) => String.fromCodePoint(zero + Number(digit)));

/** How keyboards and clipboards write a code of ASCII digits and letters. */
const spellings: [string, (code: string) => string][] = [
  ['Arabic-Indic digits', inDigitsFrom(0x660)],
  ['Persian digits', inDigitsFrom(0x6f0)],
  ['Devanagari digits', inDigitsFrom(0x966)],
  ['full-width digits', inDigitsFrom(0xff10)],
  ['mathematical digits', inDigitsFrom(0x1d7ce)],
  [
    'digits of several scripts',
    (code) =>
      [...code].map((part, n) => inDigitsFrom([0x660, 0x30, 0xe50][n % 3] ?? 0x30)(part)).join(''),
  ],
  ['spaces and dashes', (code) => ` ${[...code].join(' ').replace(' ', '\u2014')}\u00a0\u3000\n`],
  ['the dash of a Japanese keyboard', (code) => `${code.slice(0, 3)}\u30fc${code.slice(3)}`],
  ['marks of direction around it', (code) => `\u2066\u200f${code}\u200e\u2069`],
  ['invisible characters within', (code) => [...code].join('\u200b\u2060\ufeff\u00ad')],
  ['joiners and selectors within', (code) => [...code].join('\u200d\u200c\ufe0f')],
];

/** What resembles a code, and is none. */
const refusals: [string, string][] = [
  ['nothing', ''],
  ['invisible characters alone', '\u200b\u200e\ufeff'],
  ['letters', 'abc'],
  ['letters that look like digits', 'OlSZBq'],
  ['Cyrillic and Greek letters that look like digits', '\u0417\u0431\u03bf\u043e\u0410\u0412'],
  ['superscripts', '\u00b9\u00b2\u00b3\u2074\u2075\u2076'],
  ['digits in circles', '\u2460\u2461\u2462\u2463\u2464\u2465'],
  ['Roman numerals', '\u2160\u2161\u2162\u2163\u2164\u2165'],
  ['ideographs', '\u4e00\u4e8c\u4e09\u56db\u4e94\u516d'],
  ['a fraction', '\u00bd23456'],
  ['five digits', '\u0661\u0662\u0663\u0664\u0665'],
  ['seven digits', '\u0661\u0662\u0663\u0664\u0665\u0666\u0667'],
  ['a point within', '123.456'],
  ['half a character', '12345\ud835'],
  ['10 kB', '1'.repeat(10_000)],
  ['10 kB of invisible characters around a code', `${'\u200b'.repeat(5000)}123456`],
];

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

describe('X-49 OT-10 a mailed code', () => {
  const begin = async (): Promise<{ challengeId: string; code: string }> => {
    const email = freshAddress();
    const { id } = await server.mutate('register', { email, password: goodPassword });
    return { challengeId: id, code: await server.nextCode(email) };
  };

  it('is refused where it cannot be one, and uses up no try', async () => {
    const { challengeId, code } = await begin();
    for (const [title, typed] of refusals) {
      const answer = await server.mutate('verifyOtp', { challengeId, code: typed });
      expect([title, answer]).toMatchObject([title, { code: 'VALIDATION_FAILED' }]);
    }
    const answer = await server.mutate('verifyOtp', { challengeId, code });
    expect(answer.__typename).toBe('AuthTokens');
  });

  it.each(spellings)('is read from %s', async (_title, write) => {
    const { challengeId, code } = await begin();
    const answer = await server.mutate('verifyOtp', { challengeId, code: write(code) });
    expect(answer.__typename).toBe('AuthTokens');
  });

  it('stays wrong in other digits where another was mailed', async () => {
    const { challengeId, code } = await begin();
    const wrong = code === '123456' ? '654321' : '123456';
    const answer = await server.mutate('verifyOtp', {
      challengeId,
      code: inDigitsFrom(0x660)(wrong),
    });
    expect(answer).toMatchObject({ code: 'INVALID_OR_EXPIRED_CODE' });
  });

  it('confirms a new address', async () => {
    const person = await registerPerson(server);
    const sender = { token: person.accessToken };
    const newEmail = freshAddress();
    const { id } = await server.mutate('requestEmailChange', { newEmail }, sender);
    const code = inDigitsFrom(0x6f0)(await server.nextCode(newEmail));
    const answer = await server.mutate('confirmEmailChange', { challengeId: id, code }, sender);
    expect(answer.email).toBe(newEmail);
  });
});

describe('X-49 OT-10 the codes of an app, and recovery codes', () => {
  const [, arabic] = spellings[0] ?? ['', String];
  const pasted = (code: string) => `\u2068${arabic(code)}\u200b\u2069`;
  const fullWidth = (code: string) =>
    code.replace(/[!-~]/g, (character) => String.fromCharCode(character.charCodeAt(0) + 0xfee0));
  let person: Person;
  let phone: Awaited<ReturnType<typeof enrolTotp>>['phone'];
  let recoveryCodes: string[];

  it('confirm an app', async () => {
    person = await registerPerson(server);
    // enrolTotp types what the phone shows: here as an Arabic keyboard types it.
    const typing: TestServer = {
      ...server,
      mutate: (name, input, sender) =>
        server.mutate(
          name,
          typeof input['code'] === 'string' ? { ...input, code: pasted(input['code']) } : input,
          sender,
        ),
    };
    ({ phone, recoveryCodes } = await enrolTotp(typing, person));
    expect(recoveryCodes).toHaveLength(10);
  });

  it('complete a sign-in', async () => {
    const { email, password } = person;
    const login = async () => (await server.mutate('login', { email, password })).id;
    const byApp = { challengeId: await login(), code: pasted(phone.nextCode()) };
    expect((await server.mutate('verifyOtp', byApp)).__typename).toBe('AuthTokens');
    const typed = [
      fullWidth(recoveryCodes[0] ?? ''),
      fullWidth(recoveryCodes[1] ?? '').toLowerCase(),
      `\u202a${pasted(recoveryCodes[2]?.toLowerCase() ?? '')}\u202c`,
      recoveryCodes[3]?.replaceAll('-', ' \u2010\u200b') ?? '',
    ];
    for (const code of typed) {
      const answer = await server.mutate('verifyOtp', { challengeId: await login(), code });
      expect([code, answer.__typename]).toEqual([code, 'AuthTokens']);
    }
  });

  it('complete a step-up, and a change of the factors', async () => {
    const { email, password } = person;
    const { id: challengeId } = await server.mutate('login', { email, password });
    const code = pasted(phone.nextCode());
    const { accessToken } = await server.mutate('verifyOtp', { challengeId, code });
    const sender = { token: accessToken };
    const stepUp = await server.mutate('reauthenticate', { password }, sender);
    const proof = { challengeId: stepUp.id, code: pasted(phone.nextCode()) };
    const proved = await server.mutate('verifyOtp', proof, sender);
    expect(proved.__typename).toBe('AuthTokens');
    const fresh = { token: proved.accessToken };
    const regenerated = { code: pasted(phone.nextCode()) };
    const codes = await server.mutate('regenerateRecoveryCodes', regenerated, fresh);
    expect(codes.codes).toHaveLength(10);
    const disabled = { code: fullWidth(codes.codes[0]) };
    expect((await server.mutate('disableTotp', disabled, fresh)).__typename).not.toBe('AuthError');
  });

  it('are refused where they cannot be one, by confirmTotpEnrollment too', async () => {
    const other = await registerPerson(server);
    const sender = { token: other.accessToken };
    const { id } = await server.mutate('startTotpEnrollment', {}, sender);
    for (const [title, code] of refusals.slice(0, 12)) {
      const input = { enrollmentId: id, code };
      const answer = await server.mutate('confirmTotpEnrollment', input, sender);
      expect([title, answer.code]).toEqual([
        title,
        expect.stringMatching(/^(VALIDATION_FAILED|INVALID_OR_EXPIRED_CODE)$/),
      ]);
    }
  });
});
