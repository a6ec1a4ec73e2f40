import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { secondsAfter } from '../../clock.ts';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import {
  type Authenticator,
  authenticator,
  enrolTotp,
  signInWithApp,
} from '../../testing/authenticator.ts';
import { createTestClock } from '../../testing/clock.ts';
import { addPasskey, signInWithPasskey } from '../../testing/passkeys.ts';
import {
  changeEmail,
  freshAddress,
  type Person,
  personOf,
  registerPerson,
  signIn,
} from '../../testing/people.ts';

const password = 'copper willow thunder market';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const by = ({ accessToken }: Pick<Person, 'accessToken'>) => ({ token: accessToken });

/** The session that sets things up, and the newest app of the account. */
type State = { person: Person; phone: Authenticator | null };
type Step = (state: State) => Promise<void>;

const app: Step = async (state) => {
  state.phone = (await enrolTotp(server, state.person)).phone;
  state.person = await signInWithApp(server, state.person, state.phone);
};
const begun: Step = async (state) => {
  const { id, secret } = await server.mutate('startTotpEnrollment', {}, by(state.person));
  state.phone = authenticator(server, secret);
  pending.set(state.person.id, id);
};
const confirmed: Step = async ({ person, phone }) => {
  const enrollmentId = pending.get(person.id);
  const input = { enrollmentId, code: phone?.code() };
  const answer = await server.mutate('confirmTotpEnrollment', input, by(person));
  expect(answer.__typename).toBe('RecoveryCodes');
};
const codes: Step = async ({ person }) => {
  const answer = await server.mutate('regenerateRecoveryCodes', {}, by(person));
  expect(answer.__typename).toBe('RecoveryCodes');
};
const removed: Step = async ({ person }) => {
  const answer = await server.mutate('disableTotp', {}, by(person));
  expect(answer.__typename).toBe('AuthAccepted');
};
const pending = new Map<string, string>();

/** Changes the address in between, undoes it, resets the password; what a sign-in then meets. */
async function afterUndo(before: readonly Step[], after: readonly Step[]) {
  const state: State = { person: await registerPerson(server), phone: null };
  const { email, id } = state.person;
  for (const step of before) await step(state);
  const owners = state.phone;
  const to = freshAddress();
  const token = await changeEmail(server, state.person, to);
  state.person = { ...state.person, email: to };
  server.clock.advance(1);
  for (const step of after) await step(state);
  expect((await server.mutate('undoEmailChange', { token })).__typename).toBe('AuthAccepted');
  await server.mutate('requestPasswordReset', { email });
  const link = await server.nextToken(email);
  await server.mutate('resetPassword', { token: link, newPassword: password });
  return { answer: await server.mutate('login', { email, password }), owners, id };
}

describe('X-11 an undone change of address takes along the factors set up since', () => {
  it.each([
    ['an app', [], [app]],
    ['an app and another set of recovery codes', [], [app, codes]],
    ['an app that was begun before and confirmed after', [begun], [confirmed]],
    ['an app in place of an earlier one', [app], [app]],
    ['an app that was never confirmed', [], [begun]],
  ] as const)('%s', async (_, before, after) => {
    const { answer, id } = await afterUndo(before, after);
    const owner = personOf(answer, { email: '', password });
    expect(owner.id).toBe(id);
    expect(answer.user.totpEnabled).toBe(false);
    expect(await countRecoveryCodes(owner)).toBe(0);
  });

  it.each([
    ['nothing since', [app], [], ['TOTP', 'RECOVERY_CODE']],
    ['its recovery codes replaced since', [app], [codes], ['TOTP']],
    ['another begun since', [app], [begun], ['TOTP', 'RECOVERY_CODE']],
  ] as const)('an app from before stays: %s', async (_, before, after, methods) => {
    const { answer, owners, id } = await afterUndo(before, after);
    expect(answer).toMatchObject({ __typename: 'OtpChallenge', methods: [...methods] });
    const code = owners?.nextCode();
    const tokens = await server.mutate('verifyOtp', { challengeId: answer.id, code });
    expect(personOf(tokens, { email: '', password }).id).toBe(id);
  });

  it('one removed since does not come back', async () => {
    const { answer } = await afterUndo([app], [removed]);
    expect(answer.__typename).toBe('AuthTokens');
  });

  it('so do passkeys, and those from before stay', async () => {
    const person = await registerPerson(server);
    const { signer: owners } = await addPasskey(server, person);
    const to = freshAddress();
    const token = await changeEmail(server, person, to);
    // In the same millisecond.
    const { signer: thiefs } = await addPasskey(server, { ...person, email: to });
    expect((await server.mutate('undoEmailChange', { token })).__typename).toBe('AuthAccepted');
    expect(await signInWithPasskey(server, thiefs)).toMatchObject({ code: 'UNKNOWN_PASSKEY' });
    expect((await signInWithPasskey(server, owners)).user.id).toBe(person.id);
  });

  it('an app begun since the change cannot be confirmed later', async () => {
    const person = await registerPerson(server);
    const token = await changeEmail(server, person, freshAddress());
    const begunBy = await server.mutate('startTotpEnrollment', {}, by(person));
    await server.mutate('undoEmailChange', { token });
    await server.mutate('requestPasswordReset', { email: person.email });
    const link = await server.nextToken(person.email);
    await server.mutate('resetPassword', { token: link, newPassword: password });
    const owner = await signIn(server, { email: person.email, password });
    const code = authenticator(server, begunBy.secret).code();
    const input = { enrollmentId: begunBy.id, code };
    expect(await server.mutate('confirmTotpEnrollment', input, by(owner))).toMatchObject({
      code: 'INVALID_OR_EXPIRED_CODE',
    });
  });

  it('of two changes the later undone leaves what was set up between them', async () => {
    const state: State = { person: await registerPerson(server), phone: null };
    const { email } = state.person;
    const between = freshAddress();
    const first = await changeEmail(server, state.person, between);
    state.person = { ...state.person, email: between };
    server.clock.advance(1);
    await app(state);
    const last = await changeEmail(server, state.person, freshAddress());
    const undo = (token: string) => server.mutate('undoEmailChange', { token });
    expect((await undo(last)).__typename).toBe('AuthAccepted');
    expect(await totpOf(between)).toBe(true);
    expect((await undo(first)).__typename).toBe('AuthAccepted');
    expect(await totpOf(email)).toBe(false);
  });
});

describe('X-11 what came after a change, by servers whose clocks differ', () => {
  let ahead: TestServer;
  beforeAll(async () => {
    const { database, mailbox } = server;
    ahead = await startTestServer({ clock: createTestClock(), database, mailbox });
  });
  afterAll(() => ahead.stop());
  beforeEach(() => ahead.clock.set(secondsAfter(server.clock.now(), 50)));

  const undo = (token: string) => server.mutate('undoEmailChange', { token });
  const changeAhead = async (person: Person, to = freshAddress()): Promise<string> => {
    const token = await changeEmail(ahead, person, to);
    // Each server reads the mailbox for itself.
    expect(await server.nextToken(person.email)).toBe(token);
    return token;
  };

  it('an app that a server behind set up after a change on one ahead goes with it', async () => {
    const person = await registerPerson(server);
    const to = freshAddress();
    const token = await changeAhead(person, to);
    await enrolTotp(server, { ...person, email: to });
    expect((await undo(token)).__typename).toBe('AuthAccepted');
    expect(await totpOf(person.email)).toBe(false);
  });

  it('so do recovery codes that were replaced there, and the app from before stays', async () => {
    let person = await registerPerson(server);
    const { phone } = await enrolTotp(server, person);
    person = await signInWithApp(server, person, phone);
    const token = await changeAhead(person);
    const regenerated = await server.mutate('regenerateRecoveryCodes', {}, by(person));
    expect(regenerated.__typename).toBe('RecoveryCodes');
    expect((await undo(token)).__typename).toBe('AuthAccepted');
    await resetPassword(person.email);
    const answer = await server.mutate('login', { email: person.email, password });
    expect(answer).toMatchObject({ __typename: 'OtpChallenge', methods: ['TOTP'] });
  });

  it('an app that a server ahead set up before a change on one behind stays', async () => {
    let person = await registerPerson(server);
    const { phone } = await enrolTotp(ahead, person);
    person = await signInWithApp(ahead, person, phone);
    server.clock.set(secondsAfter(ahead.clock.now(), -50));
    const token = await changeEmail(server, person, freshAddress());
    expect((await undo(token)).__typename).toBe('AuthAccepted');
    expect(await totpOf(person.email)).toBe(true);
  });

  it('the link of a later change dies with an earlier one, and not the other way', async () => {
    for (const isFirstUndone of [true, false]) {
      const person = await registerPerson(server);
      const to = freshAddress();
      const first = await changeAhead(person, to);
      const last = await changeEmail(server, { ...person, email: to }, freshAddress());
      const [one, other] = isFirstUndone ? [first, last] : [last, first];
      expect((await undo(one)).__typename).toBe('AuthAccepted');
      const outcome = isFirstUndone ? 'AuthError' : 'AuthAccepted';
      expect((await undo(other)).__typename).toBe(outcome);
    }
  });
});

async function countRecoveryCodes(owner: Person): Promise<number> {
  const query = '{ account { recoveryCodesLeft } }';
  return (await server.send(query, {}, by(owner))).data.account.recoveryCodesLeft;
}

/** Whether a sign-in with a new password is asked for an app. */
async function totpOf(email: string): Promise<boolean> {
  await resetPassword(email);
  return (await server.mutate('login', { email, password })).__typename === 'OtpChallenge';
}

async function resetPassword(email: string): Promise<void> {
  await server.mutate('requestPasswordReset', { email });
  const token = await server.nextToken(email);
  await server.mutate('resetPassword', { token, newPassword: password });
}
