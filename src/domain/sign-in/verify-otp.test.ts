import type postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256 } from '../../secret-keys.ts';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { mutate } from '../../testing/client.ts';
import { freshAddress, goodPassword, registerPerson } from '../../testing/people.ts';
import { dumpTables, rawSql, spellings } from '../../testing/raw-sql.ts';

const not = (code: string, step = 1): string =>
  String((Number(code) + step) % 1_000_000).padStart(6, '0');

describe('concurrent attempts at codes, on two instances', () => {
  let server: TestServer;
  let other: TestServer;
  let sql: postgres.Sql;
  beforeAll(async () => {
    server = await startTestServer();
    other = await server.another();
    sql = rawSql(server);
  });
  afterAll(async () => {
    await sql.end();
    await other.stop();
    await server.stop();
  });

  const atOnce = (count: number, challengeId: string, code: (index: number) => string) =>
    Promise.all(
      Array.from({ length: count }, (_, index) =>
        mutate((index % 2 === 0 ? server : other).url, 'verifyOtp', {
          challengeId,
          code: code(index),
        }),
      ),
    );
  const kinds = (answers: { __typename?: string; code?: string }[]): string[] =>
    answers.map((answer) => answer.code ?? answer.__typename ?? JSON.stringify(answer)).sort();

  it.each(['register', 'requestLoginCode'] as const)(
    'OT-2 ADV-7 20 times the right code of %s: one session',
    async (name) => {
      for (let round = 0; round < 3; round += 1) {
        const email = name === 'register' ? freshAddress() : (await registerPerson(server)).email;
        const challenge = await server.mutate(
          name,
          name === 'register' ? { email, password: goodPassword } : { email },
        );
        const code = await server.nextCode(email);
        const counts = () => sql`
          select count(s.id)::int as sessions, max(c.attempts) as attempts
          from users u left join sessions s on s.user_id = u.id
          join otp_challenges c on c.user_id = u.id and c.purpose = ${challenge.purpose}
          where u.email = ${email}`;
        const [before] = await counts();
        const answers = await atOnce(20, challenge.id, () => code);
        expect(kinds(answers)).toEqual([
          'AuthTokens',
          ...Array(19).fill('INVALID_OR_EXPIRED_CODE'),
        ]);
        const [after] = await counts();
        expect(after?.['sessions']).toBe(Number(before?.['sessions']) + 1);
        expect(after?.['attempts']).toBeLessThanOrEqual(5);
      }
    },
  );

  it('OT-3 ADV-29 ADV-43 of 100 wrong codes five are compared, then the right fails', async () => {
    const person = await registerPerson(server);
    const challenge = await server.mutate('requestLoginCode', { email: person.email });
    const code = await server.nextCode(person.email);
    const answers = await atOnce(100, challenge.id, (index) => not(code, index + 1));
    expect(kinds(answers)).toEqual(Array(100).fill('INVALID_OR_EXPIRED_CODE'));
    const rows = await sql`select attempts, consumed_at from otp_challenges
        where user_id = ${person.id} and purpose = 'LOGIN'`;
    expect(rows).toEqual([{ attempts: 5, consumed_at: null }]);
    // Written after a comparison, and only then.
    const compares = await sql`select type from audit_events
        where subject_id = ${person.id} and type = 'otp.failed'`;
    expect(compares).toHaveLength(5);
    expect(kinds(await atOnce(10, challenge.id, () => code))).toEqual(
      Array(10).fill('INVALID_OR_EXPIRED_CODE'),
    );
  });

  it('OT-2 OT-3 right and wrong codes mixed: one session at most, no internal error', async () => {
    const person = await registerPerson(server);
    for (let round = 0; round < 8; round += 1) {
      const challenges = [];
      for (let count = 0; count < 4; count += 1) {
        const challenge = await server.mutate('requestLoginCode', { email: person.email });
        challenges.push({ id: challenge.id, code: await server.nextCode(person.email) });
      }
      const answers = await Promise.all(
        challenges.flatMap(({ id, code }) => [
          atOnce(4, id, () => code),
          atOnce(4, id, (index) => not(code, index + 1)),
        ]),
      );
      const seen = kinds(answers.flat());
      expect(new Set(seen.filter((kind) => kind !== 'AuthTokens'))).toEqual(
        new Set(['INVALID_OR_EXPIRED_CODE']),
      );
      expect(seen.filter((kind) => kind === 'AuthTokens').length).toBeLessThanOrEqual(4);
    }
    const faults = [...server.logLines, ...other.logLines].filter(
      (line) => JSON.parse(line).level === 'error',
    );
    expect(faults).toEqual([]);
  });

  it('OT-7 20 concurrent resends send one mail', async () => {
    const person = await registerPerson(server);
    const challenge = await server.mutate('requestLoginCode', { email: person.email });
    await server.nextMail(person.email);
    server.clock.advance(31);
    const before = await sql`select count(*)::int as count from outbox_messages`;
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        mutate((index % 2 ? other : server).url, 'resendOtp', { challengeId: challenge.id }),
      ),
    );
    expect(kinds(answers)).toEqual(['OtpChallenge', ...Array(19).fill('RATE_LIMITED')]);
    const after = await sql`select count(*)::int as count from outbox_messages`;
    expect(after[0]?.['count']).toBe(before[0]?.['count'] + 1);
  });

  it('OT-2 a resend and the old code at the same time: one of them succeeds', async () => {
    const person = await registerPerson(server);
    for (let round = 0; round < 5; round += 1) {
      const challenge = await server.mutate('requestLoginCode', { email: person.email });
      const code = await server.nextCode(person.email);
      server.clock.advance(31);
      const [resent, met] = await Promise.all([
        other.mutate('resendOtp', { challengeId: challenge.id }),
        server.mutate('verifyOtp', { challengeId: challenge.id, code }),
      ]);
      const outcome = `${resent.__typename} ${resent.code ?? ''} ${met.__typename}`;
      expect([
        'OtpChallenge  AuthError',
        'AuthError INVALID_OR_EXPIRED_CODE AuthTokens',
        'OtpChallenge  AuthTokens',
      ]).toContain(outcome);
      if (resent.__typename === 'OtpChallenge') {
        const second = await server.nextCode(person.email);
        const answer = await server.mutate('verifyOtp', {
          challengeId: challenge.id,
          code: second,
        });
        expect(answer.__typename).toBe(
          met.__typename === 'AuthTokens' ? 'AuthError' : 'AuthTokens',
        );
      }
    }
  });

  it('OT-2 codes of several challenges at once: the first claims, without a deadlock', async () => {
    for (let round = 0; round < 5; round += 1) {
      const email = freshAddress();
      const pairs = [];
      for (let count = 0; count < 3; count += 1) {
        const challenge = await server.mutate('register', { email, password: goodPassword });
        pairs.push({ challengeId: challenge.id, code: await server.nextCode(email) });
      }
      const answers = await Promise.all(
        pairs.map((pair, index) => mutate((index % 2 ? other : server).url, 'verifyOtp', pair)),
      );
      expect(kinds(answers)).toEqual([
        'AuthTokens',
        'INVALID_OR_EXPIRED_CODE',
        'INVALID_OR_EXPIRED_CODE',
      ]);
    }
  });

  it('20 concurrent registrations of one address make one account', async () => {
    const email = freshAddress();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        mutate((index % 2 ? other : server).url, 'register', {
          email: index % 3 ? email : email.toUpperCase(),
          password: goodPassword,
        }),
      ),
    );
    expect(kinds(answers)).toEqual(Array(20).fill('OtpChallenge'));
    expect(
      await sql`select count(*)::int as count from users where email_canonical = ${email}`,
    ).toEqual([{ count: 1 }]);
  });

  it('OT-8 DP-2 a database dump contains no code, no digest of one, no challenge id', async () => {
    const secrets: string[] = [];
    for (const name of ['register', 'requestLoginCode'] as const) {
      const email = name === 'register' ? freshAddress() : (await registerPerson(server)).email;
      const challenge = await server.mutate(
        name,
        name === 'register' ? { email, password: goodPassword } : { email },
      );
      const code = await server.nextCode(email);
      secrets.push(
        challenge.id,
        ...['hex', 'base64', 'base64url'].map((encoding) =>
          sha256(code).toString(encoding === 'hex' ? 'hex' : 'base64'),
        ),
      );
      // Six digits are part of many numbers; only a separate or quoted match would be the code.
      const dump = (await dumpTables(sql)).join('\n');
      expect(dump).not.toMatch(new RegExp(`(?<![0-9a-f-])${code}(?![0-9a-f-])`));
    }
    const dump = (await dumpTables(sql)).join('\n');
    for (const secret of secrets.flatMap(spellings)) expect(dump).not.toContain(secret);
  });
});

describe('the budget of wrong codes', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ config: { rateLimitMultiplier: 1 } });
  });
  afterAll(() => server.stop());

  /**
   * Five wrong codes against each of so many new challenges; returns the answers to the last ones.
   */
  const spend = async (
    begin: () => Promise<{ id: string }>,
    challenges: number,
  ): Promise<string[]> => {
    const seen: string[] = [];
    for (let count = 0; count < challenges; count += 1) {
      const { id } = await begin();
      for (let step = 0; step < 5; step += 1) {
        const answer = await server.mutate('verifyOtp', { challengeId: id, code: `00000${step}` });
        seen.push(`${answer.code} ${answer.retryAfter ?? ''}`);
      }
    }
    return seen;
  };

  it('OT-4 is the account’s: challenges and resends restore nothing, decoys share it', async () => {
    const person = await registerPerson(server);
    const byCode = await spend(() => server.mutate('requestLoginCode', { email: person.email }), 5);
    const ofUnknown = await spend(
      () => server.mutate('requestLoginCode', { email: 'nobody@example.com' }),
      5,
    );
    expect(byCode.slice(0, 20)).toEqual(Array(20).fill('INVALID_OR_EXPIRED_CODE '));
    expect(byCode.slice(20)).toEqual(Array(5).fill('RATE_LIMITED 3600'));
    expect(ofUnknown).toEqual(byCode);

    // Nor does another operation: a registration for the same address, or its right code.
    const challenge = await server.mutate('register', {
      email: person.email,
      password: goodPassword,
    });
    expect(
      await server.mutate('verifyOtp', { challengeId: challenge.id, code: '000000' }),
    ).toMatchObject({
      code: 'RATE_LIMITED',
    });
    server.clock.advance(3601);
    const later = await server.mutate('requestLoginCode', { email: person.email });
    const mails = server.mailbox.list().filter((mail) => mail.to === person.email).length;
    expect(mails).toBeGreaterThan(0);
    const code = await lastCode(person.email);
    expect((await server.mutate('verifyOtp', { challengeId: later.id, code })).__typename).toBe(
      'AuthTokens',
    );
  });

  const lastCode = async (email: string): Promise<string> => {
    for (let waited = 0; waited < 100; waited += 1) {
      const [mail] = server.mailbox.list().filter((entry) => entry.to === email);
      const sent = mail && Date.parse(String(mail.at)) >= server.clock.now().getTime();
      const code = sent ? /^(\d{6})$/m.exec(mail.text)?.[1] : undefined;
      if (code !== undefined) return code;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error('No mail came.');
  };

  it('OT-4 attempts refused for the hour do not count towards the hard lock', async () => {
    const person = await registerPerson(server);
    for (let hour = 0; hour < 3; hour += 1) {
      // 20 compared, and 5 refused.
      await spend(() => server.mutate('requestLoginCode', { email: person.email }), 5);
      server.clock.advance(3601);
    }
    // 60 wrong ones so far, and 15 that were not compared: 40 are left.
    for (let hour = 0; hour < 2; hour += 1) {
      const seen = await spend(() => server.mutate('requestLoginCode', { email: person.email }), 4);
      expect(seen).toEqual(Array(20).fill('INVALID_OR_EXPIRED_CODE '));
      server.clock.advance(3601);
    }
    // Not even the right code is accepted now, and no answer says why: an address without an
    // account never gets here (EN-4).
    const { id } = await server.mutate('requestLoginCode', { email: person.email });
    const code = await lastCode(person.email);
    const answer = await server.mutate('verifyOtp', { challengeId: id, code });
    expect(answer).toMatchObject({ code: 'INVALID_OR_EXPIRED_CODE', retryAfter: null });
  });

  it('OT-7 resends share one budget over all challenges of the account', async () => {
    const person = await registerPerson(server);
    server.clock.advance(3601);
    const seen: string[] = [];
    for (let count = 0; count < 3; count += 1) {
      const challenge = await server.mutate('requestLoginCode', { email: person.email });
      for (let resend = 0; resend < 4; resend += 1) {
        server.clock.advance(31);
        // Within the cooldown nothing is counted.
        const answer = await server.mutate('resendOtp', { challengeId: challenge.id });
        if (answer.__typename === 'OtpChallenge')
          await server.mutate('resendOtp', { challengeId: challenge.id });
        seen.push(answer.code ?? answer.__typename);
      }
    }
    expect(seen).toEqual([...Array(10).fill('OtpChallenge'), 'RATE_LIMITED', 'RATE_LIMITED']);
  });

  it('a user who tries weak passwords is not locked out of registering', async () => {
    const email = freshAddress();
    for (let count = 0; count < 6; count += 1) {
      expect(
        await server.mutate('register', { email, password: `password${count}` }),
      ).toMatchObject({
        code: 'VALIDATION_FAILED',
      });
    }
    expect((await server.mutate('register', { email, password: goodPassword })).__typename).toBe(
      'OtpChallenge',
    );
  });
});
