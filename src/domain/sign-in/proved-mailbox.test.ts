import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeAdministrator } from '../../testing/administrators.ts';
import { codeIn, linkTokenIn, startTestServer, type TestServer } from '../../testing/app.ts';
import { freshAddress } from '../../testing/people.ts';

// Every way of proving a mailbox, after every way in which a registration can have begun: what is
// opened never has a password or a name that its opener did not choose (RC-7).

let server: TestServer;
let admin: { readonly token: string };
beforeAll(async () => {
  server = await startTestServer();
  admin = { token: (await makeAdministrator(server)).accessToken };
});
afterAll(() => server.stop());

const passwords = {
  owner: 'otter lantern gravel sunday',
  stranger: 'walnut ferry copper tuesday',
  chosen: 'copper willow thunder market',
} as const;
const names = { owner: 'Ada', stranger: 'Mallory', operator: 'Ada of the office' } as const;

type Who = 'owner' | 'stranger';
type Step = Who | 'operator';
type Registration = { readonly challengeId: string; readonly token: string; readonly code: string };
/** What has happened, and the newest registration of each that is still open. */
type Case = {
  readonly email: string;
  readonly registrations: Partial<Record<Who, Registration>>;
  readonly invitation: string | null;
};
// biome-ignore lint/suspicious/noExplicitAny: answers of the API, see testing/client.ts.
type Reply = any;

/** The next mail with a link for `verifyLink`, as its reader sees it. */
async function readMail(email: string): Promise<Omit<Registration, 'challengeId'>> {
  for (;;) {
    const mail = await server.nextMail(email);
    const token = linkTokenIn(mail);
    if (token !== null) return { token, code: codeIn(mail) ?? '' };
  }
}

async function begin(steps: readonly Step[]): Promise<Case> {
  const email = freshAddress();
  let registrations: Case['registrations'] = {};
  let invitation: string | null = null;
  for (const step of steps) {
    if (step === 'operator') {
      await server.mutate('createUser', { email, name: names.operator }, admin);
      invitation = await server.nextToken(email);
      registrations = {};
      continue;
    }
    const input = { email, password: passwords[step], name: names[step] };
    const { id } = await server.mutate('register', input);
    if (invitation !== null) continue;
    registrations = { ...registrations, [step]: { challengeId: id, ...(await readMail(email)) } };
  }
  return { email, registrations, invitation };
}

const verifyOtp = ({ challengeId, code }: Pick<Registration, 'challengeId' | 'code'>) =>
  server.mutate('verifyOtp', { challengeId, code });
const verifyLink = (input: { token: string; challengeId?: string; password?: string }) =>
  server.mutate('verifyLink', input);
const login = (email: string, password: string) => server.mutate('login', { email, password });

async function resend(email: string, { challengeId }: Registration): Promise<Registration> {
  server.clock.advance(31);
  await server.mutate('resendOtp', { challengeId });
  return { challengeId, ...(await readMail(email)) };
}
async function requestLogin(email: string): Promise<Registration> {
  const { id } = await server.mutate('requestLoginCode', { email });
  return { challengeId: id, ...(await readMail(email)) };
}
async function reset(email: string, token: string): Promise<Reply> {
  await server.mutate('resetPassword', { token, newPassword: passwords.chosen });
  return login(email, passwords.chosen);
}

/** What the opener gets: what they registered with, the account alone, or what they chose now. */
type Outcome = 'whole' | 'bare' | 'chosen';
type Proof = {
  /** Whose registration it is done with; null where with none. */
  readonly of: Who | null;
  /** Does the owner's own registration have to be open beside the stranger's? */
  readonly besides?: Who;
  readonly run: (c: Case, of: Registration, own: Registration) => Promise<Reply>;
  readonly opens: Outcome;
};
const password = passwords.owner;
const proofs: Readonly<Record<string, Proof>> = {
  'their code': { of: 'owner', run: (_, own) => verifyOtp(own), opens: 'whole' },
  'their link, on their device': {
    of: 'owner',
    run: (_, { token, challengeId }) => verifyLink({ token, challengeId }),
    opens: 'whole',
  },
  'their link and their password': {
    of: 'owner',
    run: (_, { token }) => verifyLink({ token, password }),
    opens: 'whole',
  },
  'their link, elsewhere': {
    of: 'owner',
    run: (_, { token }) => verifyLink({ token }),
    opens: 'bare',
  },
  'their resent code': {
    of: 'owner',
    run: async ({ email }, own) => verifyOtp(await resend(email, own)),
    opens: 'whole',
  },
  'their resent link, on their device': {
    of: 'owner',
    run: async ({ email }, own) => {
      const { token, challengeId } = await resend(email, own);
      return verifyLink({ token, challengeId });
    },
    opens: 'whole',
  },
  'the link of a stranger': {
    of: 'stranger',
    run: (_, { token }) => verifyLink({ token }),
    opens: 'bare',
  },
  'the link of a stranger, on a device with a registration of its own': {
    of: 'stranger',
    besides: 'owner',
    run: (_, { token }, { challengeId }) => verifyLink({ token, challengeId }),
    opens: 'bare',
  },
  'the link of a stranger, their own password refused first': {
    of: 'stranger',
    run: async (_, { token }) => {
      expect(await verifyLink({ token, password })).toMatchObject({ code: 'INVALID_CREDENTIALS' });
      return verifyLink({ token });
    },
    opens: 'bare',
  },
  'the link that a stranger had resent': {
    of: 'stranger',
    run: async ({ email }, of) => verifyLink({ token: (await resend(email, of)).token }),
    opens: 'bare',
  },
  'a sign-in code': {
    of: null,
    run: async ({ email }) => verifyOtp(await requestLogin(email)),
    opens: 'bare',
  },
  'the link of a sign-in code': {
    of: null,
    run: async ({ email }) => verifyLink({ token: (await requestLogin(email)).token }),
    opens: 'bare',
  },
  'the link of a sign-in code, and a password': {
    of: null,
    run: async ({ email }) => verifyLink({ token: (await requestLogin(email)).token, password }),
    opens: 'bare',
  },
  'a reset': {
    of: null,
    run: async ({ email }) => {
      await server.mutate('requestPasswordReset', { email });
      return reset(email, await server.nextToken(email));
    },
    opens: 'chosen',
  },
};

const beginnings: readonly (readonly Step[])[] = [
  ['owner'],
  ['stranger'],
  ['owner', 'owner'],
  ['stranger', 'owner'],
  ['owner', 'stranger'],
  ['stranger', 'owner', 'stranger'],
  ['owner', 'stranger', 'owner'],
  ['operator'],
  ['operator', 'stranger'],
  ['owner', 'stranger', 'operator', 'stranger'],
];
/** Those of whom a registration is open after these steps: an invitation ends all before it. */
const openOf = (steps: readonly Step[]): readonly Step[] =>
  steps.includes('operator') ? [] : steps;
const rows = beginnings.flatMap((steps) =>
  Object.keys(proofs)
    .filter((name) =>
      [proofs[name]?.of ?? null, proofs[name]?.besides ?? null].every(
        (who) => who === null || openOf(steps).includes(who),
      ),
    )
    .map((name) => [steps.join(', then '), name, steps] as const),
);

describe('X-1 RC-7 a mailbox that was registered by', () => {
  it.each(rows)('%s, proved by %s', async (_, name, steps) => {
    const proof = proofs[name];
    if (!proof) throw new Error('There is no such proof.');
    const begun = await begin(steps);
    const { owner, stranger } = begun.registrations;
    const none = { challengeId: '', token: '', code: '' };
    const of = (proof.of === 'stranger' ? stranger : owner) ?? none;
    const answer = await proof.run(begun, of, owner ?? none);

    const invited = steps.includes('operator');
    const given = invited ? names.operator : null;
    expect(answer).toMatchObject({
      __typename: 'AuthTokens',
      user: { email: begun.email, name: proof.opens === 'whole' ? names.owner : given },
    });
    const works = { whole: passwords.owner, chosen: passwords.chosen, bare: null }[proof.opens];
    for (const each of Object.values(passwords))
      expect
        .soft((await login(begun.email, each)).__typename, each)
        .toBe(each === works ? 'AuthTokens' : 'AuthError');
    await expectClosed(begun);
  });

  it('a stranger before an invitation, which was accepted by its link', async () => {
    const { email, invitation } = await begin(['stranger', 'operator', 'stranger']);
    expect(await reset(email, invitation ?? '')).toMatchObject({ user: { name: names.operator } });
    expect(await login(email, passwords.stranger)).toMatchObject({ code: 'INVALID_CREDENTIALS' });
  });
});

/** No registration from before opens the account any more. */
async function expectClosed({ registrations }: Case): Promise<void> {
  for (const each of Object.values(registrations)) {
    expect((await verifyOtp(each)).__typename).toBe('AuthError');
    const { token, challengeId } = each;
    for (const input of [{ token }, { token, challengeId }])
      expect(await verifyLink(input)).toMatchObject({ code: 'INVALID_OR_EXPIRED_TOKEN' });
  }
}
