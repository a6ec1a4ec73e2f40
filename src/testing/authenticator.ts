import { createHmac } from 'node:crypto';
import type { TestServer } from './app.ts';
import { type Person, personOf } from './people.ts';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const period = 30;

/** Base32 (RFC 4648 6), written by hand: the simulated phone shares no code with the server. */
export function readBase32(text: string): Buffer {
  let bits = '';
  for (const symbol of text) {
    const value = alphabet.indexOf(symbol);
    if (value < 0) throw new Error('This is not base32.');
    bits += value.toString(2).padStart(5, '0');
  }
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}

/** The TOTP code (RFC 6238) at a moment, shifted by a number of thirty-second steps. */
export function totpCode(secret: string, at: Date, steps = 0): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(at.getTime() / 1000 / period) + steps));
  const mac = createHmac('sha1', readBase32(secret)).update(counter).digest();
  const offset = mac.readUInt8(mac.length - 1) & 0xf;
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

/** A simulated phone that has the secret and reads the server's clock. */
export type Authenticator = {
  readonly secret: string;
  /** The code of the current time step, or of one `steps` away. */
  code(steps?: number): string;
  /** Advances the clock by half a minute and returns the code, which was not used before. */
  nextCode(): string;
  /** Six digits that are not the code of any nearby time step. */
  wrongCode(): string;
};

export function authenticator(server: Pick<TestServer, 'clock'>, secret: string): Authenticator {
  const code = (steps = 0): string => totpCode(secret, server.clock.now(), steps);
  return {
    secret,
    code,
    nextCode: () => {
      server.clock.advance(period);
      return code();
    },
    wrongCode: () => {
      const near = new Set([-3, -2, -1, 0, 1, 2, 3].map(code));
      return (
        ['000000', '111111', '222222', '333333', '444444', '555555', '666666', '777777'].find(
          (guess) => !near.has(guess),
        ) ?? '888888'
      );
    },
  };
}

export type Enrolled = { readonly phone: Authenticator; readonly recoveryCodes: string[] };

/**
 * Enrols an authenticator app in a session with a recent step-up, and takes the notice from the
 * mailbox. The person's other sessions end.
 */
export async function enrolTotp(
  server: TestServer,
  person: Pick<Person, 'accessToken' | 'email'>,
): Promise<Enrolled> {
  const sender = { token: person.accessToken };
  const enrollment = await server.mutate('startTotpEnrollment', {}, sender);
  if (enrollment.__typename !== 'TotpEnrollment')
    throw new Error(`the answer was ${JSON.stringify(enrollment)}`);
  const phone = authenticator(server, enrollment.secret);
  const confirmed = await server.mutate(
    'confirmTotpEnrollment',
    { enrollmentId: enrollment.id, code: phone.code() },
    sender,
  );
  if (confirmed.__typename !== 'RecoveryCodes')
    throw new Error(`the answer was ${JSON.stringify(confirmed)}`);
  await server.nextMail(person.email);
  return { phone, recoveryCodes: confirmed.codes };
}

/** Signs in with the password and the app, on another device. */
export async function signInWithApp(
  server: TestServer,
  person: Pick<Person, 'email' | 'password'>,
  phone: Pick<Authenticator, 'nextCode'>,
): Promise<Person> {
  const challenge = await server.mutate('login', {
    email: person.email,
    password: person.password,
  });
  return personOf(
    await server.mutate('verifyOtp', { challengeId: challenge.id, code: phone.nextCode() }),
    person,
  );
}
