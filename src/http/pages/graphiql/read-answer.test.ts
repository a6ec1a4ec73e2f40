import { describe, expect, it } from 'vitest';
import { expiryOf, readAnswer } from './page/read-answer.ts';

const nothing = { accessToken: null, challengeId: null, enrollmentId: null, refusal: null };

describe('readAnswer', () => {
  it.each([
    ['nothing', undefined],
    ['a string', 'accessToken'],
    ['no data', { data: null }],
    ['a token that is no string', { data: { login: { accessToken: 1 } } }],
    ['a token among the extensions', { data: null, extensions: { accessToken: 'a' } }],
    ['an id of another type', { data: { me: { __typename: 'User', id: '1' } } }],
    [
      'an id that would break out of a query',
      { data: { a: { __typename: 'OtpChallenge', id: '") { x }' } } },
    ],
    [
      'a caller without a token',
      { errors: [{ extensions: { code: 'UNAUTHENTICATED', reason: 'TOKEN_MISSING' } }] },
    ],
    ['another error', { errors: [{ extensions: { code: 'FORBIDDEN', reason: 'TOKEN_EXPIRED' } }] }],
  ])('learns nothing from %s', (_name, answer) => {
    expect(readAnswer(answer)).toEqual(nothing);
  });

  it('finds a token under any alias', () => {
    expect(readAnswer({ data: { mine: { accessToken: 'a.b.c' } } })).toEqual({
      ...nothing,
      accessToken: 'a.b.c',
    });
  });

  it('finds a challenge', () => {
    const data = { register: { __typename: 'OtpChallenge', id: '0198-ab_c' } };
    expect(readAnswer({ data })).toEqual({ ...nothing, challengeId: '0198-ab_c' });
  });

  it('finds an enrolment', () => {
    const data = { a: { __typename: 'TotpEnrollment', id: '0198-ab_c' } };
    expect(readAnswer({ data })).toEqual({ ...nothing, enrollmentId: '0198-ab_c' });
  });

  it('reads why a token was refused', () => {
    const errors = [
      { message: '', extensions: { code: 'UNAUTHENTICATED', reason: 'TOKEN_EXPIRED' } },
    ];
    expect(readAnswer({ data: null, errors })).toEqual({ ...nothing, refusal: 'TOKEN_EXPIRED' });
  });
});

describe('expiryOf', () => {
  it.each(['', 'a', 'a.b.c', `a.${btoa('{"exp":"1"}')}.c`, `a.${btoa('null')}.c`])(
    'reads none from %j',
    (token) => {
      expect(expiryOf(token)).toBeNull();
    },
  );

  it('reads the claim', () => {
    const claims = Buffer.from(JSON.stringify({ exp: 1_800_000_000, name: 'Żółć??' })).toString(
      'base64url',
    );
    expect(expiryOf(`a.${claims}.c`)).toEqual(new Date(1_800_000_000_000));
  });
});
