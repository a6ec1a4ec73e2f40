import { systemClock } from '../clock.ts';
import type { UserRow } from '../db/tables/users.ts';
import { changeAsOperator } from '../domain/admin/change-as-operator.ts';
import type { Changer, HeldUser } from '../domain/admin/change-user.ts';
import { deleteHeld } from '../domain/admin/delete-user.ts';
import { summarizeUser } from '../domain/admin/describe-user.ts';
import { reason as reasonInput, requiredReason } from '../domain/admin/reason.ts';
import { reinstateHeld } from '../domain/admin/reinstate-user.ts';
import { resetFactorsHeld } from '../domain/admin/reset-user-factors.ts';
import { signOutHeld } from '../domain/admin/revoke-user-sessions.ts';
import { assertUntil, suspendHeld } from '../domain/admin/suspend-user.ts';
import { readUserName } from '../domain/admin/user-name.ts';
import { parseInput } from '../domain/command.ts';
import { AuthError } from '../errors.ts';
import { fail } from './fail.ts';
import { notAUser } from './find-users.ts';
import { readUntil } from './read-until.ts';
import { type CommandApp, withDatabase } from './with-database.ts';

export type ChangeOptions = { readonly reason?: string; readonly json?: boolean };

/** What a change came to: a sentence, and what `--json` prints. */
type Done = { readonly said: string; readonly data: Record<string, unknown> };

type Change = (
  ctx: Changer,
  held: HeldUser,
  input: { readonly reason: string | null },
) => Promise<Done>;

/** What `--reason` may be. */
type ReasonRule = typeof reasonInput | typeof requiredReason;

/** Closes an account, until a time where one is given. */
export async function suspendUser(
  user: string,
  options: ChangeOptions & { readonly until?: string },
): Promise<void> {
  const now = systemClock.now();
  const until = options.until === undefined ? null : readUntil(options.until, now);
  if (options.until !== undefined && until === null) return fail(untilForms, 2);
  await changeOne(user, options, async (ctx, held, { reason }) => {
    assertUntil(ctx, until);
    const suspended = await suspendHeld(ctx, held, { until, reason });
    const end = until === null ? '' : ` until ${until.toISOString()}`;
    return { said: `${suspended.email} is suspended${end}.`, data: summarizeUser(suspended) };
  });
}

const untilForms =
  '--until must be a duration (90m, 12h, 7d), a day (2027-01-31) or a time with its zone ' +
  '(2027-01-31T18:00:00Z).';

/** Opens a suspended account. */
export async function reinstateUser(user: string, options: ChangeOptions): Promise<void> {
  await changeOne(user, options, async (ctx, held, input) => {
    const reinstated = await reinstateHeld(ctx, held, input);
    return { said: `${reinstated.email} may sign in again.`, data: summarizeUser(reinstated) };
  });
}

/** Ends every session of a user. */
export async function signOutUser(user: string, options: ChangeOptions): Promise<void> {
  await changeOne(user, options, async (ctx, held, input) => {
    const ended = await signOutHeld(ctx, held, input);
    const { id, email } = held.user;
    return { said: `${email} is signed out of ${ended} sessions.`, data: { id, ended } };
  });
}

/**
 * Removes every second factor and linked account of a user, and ends every session. The reason
 * states how they proved who they are, as it does for administrators (RC-11).
 */
export async function resetFactors(user: string, options: ChangeOptions): Promise<void> {
  const change: Change = async (ctx, held, input) => {
    await resetFactorsHeld(ctx, held, input);
    const { id, email } = held.user;
    const said =
      `The second factors and linked accounts of ${email} are gone, and every session has ended. ` +
      'They sign in by the password alone until they set up another.';
    return { said, data: { id } };
  };
  await changeOne(user, options, change, requiredReason);
}

/** Erases a user. */
export async function deleteUser(
  user: string,
  options: ChangeOptions & { readonly yes?: boolean },
): Promise<void> {
  if (options.yes !== true)
    return fail('There is no way back: add --yes. `latchkey users show` says who it is.', 2);
  await changeOne(user, options, async (ctx, held, input) => {
    await deleteHeld(ctx, held, input);
    const { id, email }: UserRow = held.user;
    return { said: `${email} is erased.`, data: { id, deleted: true } };
  });
}

async function changeOne(
  user: string,
  options: ChangeOptions,
  change: Change,
  rule: ReasonRule = reasonInput,
): Promise<void> {
  const name = readUserName(user);
  if (name === null) return fail(notAUser, 2);
  await withDatabase('users', async (app) => {
    try {
      const reason = parseInput(rule, options.reason ?? '');
      const { said, data } = await changeAsOperator(operator(app), {
        user: name,
        change: (ctx, held) => change(ctx, held, { reason }),
      });
      process.stdout.write(`${options.json ? JSON.stringify(data) : said}\n`);
    } catch (error) {
      if (!(error instanceof AuthError)) throw error;
      const message = [error.message, ...error.fields.map((field) => field.message)].join(' ');
      fail(message, error.code === 'VALIDATION_FAILED' ? 2 : 1);
    }
  });
}

/** A mail that it enqueues is sent by a server, which looks every few seconds. */
function operator(app: CommandApp): CommandApp & { readonly wakeOutbox: () => void } {
  return { ...app, wakeOutbox: () => {} };
}
