import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { authSchema } from '../../graphql/schema.ts';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { type MutationName, mutationText } from '../../testing/client.ts';
import { freshAddress, goodPassword, registerPerson } from '../../testing/people.ts';
import { suspendUser } from '../../testing/rows.ts';

type Class = 'known' | 'unknown' | 'unverified' | 'suspended' | 'deleted';
const classes: readonly Class[] = ['known', 'unknown', 'unverified', 'suspended', 'deleted'];

let server: TestServer;
const addresses = new Map<Class, string>();
beforeAll(async () => {
  server = await startTestServer();
  const [known, suspended, deleted] = [
    await registerPerson(server),
    await registerPerson(server),
    await registerPerson(server),
  ];
  await suspendUser(server, suspended.id);
  await server.mutate(
    'deleteAccount',
    { confirmEmail: deleted.email },
    { token: deleted.accessToken },
  );
  const unverified = freshAddress();
  await server.mutate('register', { email: unverified, password: goodPassword });
  addresses.set('known', known.email);
  addresses.set('unknown', freshAddress());
  addresses.set('unverified', unverified);
  addresses.set('suspended', suspended.email);
  addresses.set('deleted', deleted.email);
});
afterAll(() => server.stop());

const addressOf = (of: Class): string => addresses.get(of) ?? '';

type Seen = {
  readonly status: number;
  readonly headers: string;
  readonly body: string;
  readonly length: number;
};

/** Everything that a caller receives, except for random ids. */
async function ask(
  name: MutationName,
  input: Record<string, unknown>,
): Promise<Seen & { id: string | null }> {
  const { status, headers, text, data } = await server.send(mutationText(name), { input });
  const id: unknown = data?.[name]?.id;
  const random = typeof id === 'string' ? id : null;
  const named = [...headers]
    .filter(([header]) => !['date', 'x-request-id'].includes(header))
    .map((header) => header.join(': '));
  const body = random === null ? text : text.replace(random, 'ID');
  return { status, headers: named.sort().join('\n'), body, length: text.length, id: random };
}

function expectEqual(seen: readonly Seen[]): void {
  const [first, ...others] = seen.map(({ status, headers, body, length }) => ({
    status,
    headers,
    body,
    length,
  }));
  for (const other of others) expect(other).toEqual(first);
  expect(first?.status).toBe(200);
}

describe('answers that reveal nothing about an address', () => {
  it('RC-1 EN-3 requestPasswordReset: known, unknown, unverified, suspended, deleted', async () => {
    const seen: Seen[] = [];
    for (const of of classes)
      seen.push(await ask('requestPasswordReset', { email: addressOf(of) }));
    expectEqual(seen);
    expect(seen[0]?.body).toBe(
      '{"data":{"requestPasswordReset":{"__typename":"AuthAccepted","accepted":true}}}\n',
    );
    // Not even for a domain that cannot receive mail, as long as the address is valid.
    expectEqual([
      ...seen,
      await ask('requestPasswordReset', { email: 'person@no-such-domain.invalid' }),
    ]);
  });

  it('EN-2 register, for a taken address as for a free one', async () => {
    const seen: Seen[] = [];
    const before = server.mailbox.list().length;
    for (const of of classes) {
      seen.push(
        await ask('register', { email: addressOf(of), password: goodPassword, name: 'Somebody' }),
      );
    }
    expectEqual(seen);
    let notice = await server.nextMail(addressOf('known'));
    while (notice.subject !== 'You already have an account')
      notice = await server.nextMail(addressOf('known'));
    expect(notice.text).not.toContain('Somebody');
    expect(notice.text).not.toMatch(/^\d{6}$/m);
    expect(server.mailbox.list().length).toBeGreaterThan(before);
    // No second account, and the existing account's password is unchanged.
    const login = await server.mutate('login', {
      email: addressOf('known'),
      password: goodPassword,
    });
    expect(login.__typename).toBe('AuthTokens');
  });

  it('EN-3 requestLoginCode and resendOtp', async () => {
    const [asked, resent]: [Seen[], Seen[]] = [[], []];
    const ids: string[] = [];
    for (const of of classes) {
      const seen = await ask('requestLoginCode', { email: addressOf(of) });
      asked.push(seen);
      ids.push(seen.id ?? '');
    }
    expectEqual(asked);
    server.clock.advance(31);
    for (const challengeId of ids) resent.push(await ask('resendOtp', { challengeId }));
    expectEqual(resent);
    expect(resent[0]?.body).toContain('"OtpChallenge"');
  });

  it('EN-3 resendOtp of a registration', async () => {
    const ids: string[] = [];
    for (const of of classes) {
      ids.push((await ask('register', { email: addressOf(of), password: goodPassword })).id ?? '');
    }
    server.clock.advance(31);
    const seen: Seen[] = [];
    for (const challengeId of ids) seen.push(await ask('resendOtp', { challengeId }));
    expectEqual(seen);
  });

  it('EN-1 login, with a wrong password', async () => {
    const seen: Seen[] = [];
    for (const of of classes)
      seen.push(await ask('login', { email: addressOf(of), password: 'wrong wrong wrong' }));
    expectEqual(seen);
  });

  it('EN-3 nothing in the API reveals whether an address is free', () => {
    const queries = Object.values(authSchema().getQueryType()?.getFields() ?? {});
    expect(
      queries
        .flatMap(({ args }) => args.map(({ name }) => name))
        .filter((name) => /mail/i.test(name)),
    ).toEqual([]);
    const names = [
      ...queries,
      ...Object.values(authSchema().getMutationType()?.getFields() ?? {}),
    ].map(({ name }) => name);
    expect(names.filter((name) => /available|taken|exists|check/i.test(name))).toEqual([]);
  });

  it('EN-2 the owner of a taken address is told each time, in their own language', async () => {
    const person = await registerPerson(server);
    await server.mutate('updateProfile', { locale: 'ja' }, { token: person.accessToken });
    await server.mutate(
      'register',
      { email: person.email, password: goodPassword },
      { headers: { 'accept-language': 'de' } },
    );
    expect((await server.nextMail(person.email)).subject).toBe('すでにアカウントをお持ちです');
    const mails = server.mailbox.list().filter((mail) => mail.to === person.email);
    expect(mails).toHaveLength(2);
  });
});
