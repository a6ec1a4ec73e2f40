import { createInterface } from 'node:readline/promises';
import { parseEmailAddress } from '../domain/addresses/email-address.ts';
import { type Appointed, appointAdmin } from '../domain/admin/appoint-admin.ts';
import { offerTotp } from '../domain/admin/give-totp.ts';
import { parseInput } from '../domain/command.ts';
import { displayName } from '../domain/input.ts';
import { renderTerminalQrCode } from '../domain/totp/qr-code.ts';
import { AuthError } from '../errors.ts';
import { fail } from './fail.ts';
import { type CommandApp, withDatabase } from './with-database.ts';

type Options = { readonly name?: string; readonly totp?: boolean; readonly json?: boolean };

const wrongCodes = 5;

/**
 * Creates an administrator. For a new account it sets up an authenticator app at the terminal, and
 * prints a link to choose a password.
 */
export async function createAdmin(address: string, options: Options): Promise<void> {
  const email = parseEmailAddress(address);
  if (!email) return fail('EMAIL must be one e-mail address.', 2);
  await withDatabase(
    'create-admin',
    async (app) => {
      try {
        const name = parseInput(displayName, options.name);
        const appointed = await appointAdmin(app, { email, name });
        if (options.json) process.stdout.write(`${JSON.stringify(summary(appointed))}\n`);
        else await tell(app, appointed, options.totp ?? true);
      } catch (error) {
        if (!(error instanceof AuthError)) throw error;
        fail([error.message, ...error.fields.map(({ message }) => message)].join(' '));
      }
    },
    { migrates: true },
  );
}

function summary(appointed: Appointed): Record<string, unknown> {
  const { kind, user } = appointed;
  return {
    outcome: kind,
    userId: user.id,
    ...(appointed.kind === 'invited' ? { link: appointed.link } : {}),
  };
}

async function tell(app: CommandApp, appointed: Appointed, withTotp: boolean): Promise<void> {
  const { user } = appointed;
  if (appointed.kind === 'unchanged') return say(`${user.email} is an administrator already.`);
  if (appointed.kind === 'promoted') {
    say(`${user.email} has the role admin now, beside what they had.`);
    return say('Administration opens for sessions that an authenticator app has proved too.');
  }
  say(`An account for ${user.email} is made, with the role admin.\n`);
  if (withTotp) await setUpApp(app, user);
  else say('Administration opens once an authenticator app is set up (startTotpEnrollment).\n');
  // SECURITY: the one place where a link with a token is shown: to the operator, who holds
  // SECRET_KEY and the database anyway.
  say(`Choose a password within 24 hours:\n\n  ${appointed.link}`);
}

async function setUpApp(app: CommandApp, user: Appointed['user']): Promise<void> {
  const offer = offerTotp(app, user);
  say(`Scan this with an authenticator app, or type the secret ${offer.secret}\n`);
  say(`${renderTerminalQrCode(offer.uri)}\n`);
  const codes = await askForCode(offer.confirm);
  if (!codes)
    return say('No app was set up. Do it after the first sign-in (startTotpEnrollment).\n');
  say(
    '\nThe app is set up. Each of these codes works once in its place; keep them where the ' +
      'phone is not:\n',
  );
  say(`${codes.map((code) => `  ${code}`).join('\n')}\n`);
}

/** Null when none of a few tries was right, or there is no answer. */
async function askForCode(
  confirm: (code: string) => Promise<string[] | null>,
): Promise<string[] | null> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    process.stdout.write('The code that it shows: ');
    let tries = 0;
    for await (const line of terminal) {
      const codes = await confirm(line);
      tries += 1;
      if (codes || tries === wrongCodes) return codes;
      process.stdout.write('That was not it. The code that it shows now: ');
    }
    process.stdout.write('\n');
    return null;
  } finally {
    terminal.close();
  }
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
