import { SignJWT } from 'jose';
import { mutate } from '../../src/testing/client.ts';
import { type Account, password } from '../shared/accounts.ts';
import type { Kind, Results } from './measure.ts';
import type { Server, Stage } from './stage.ts';

export type SignedIn = Account & { readonly accessToken: string; readonly refreshToken: string };

/** One round: both servers are up from its beginning to its end, each on the same core. */
export type Round = {
  readonly stage: Stage;
  readonly servers: Readonly<Record<Kind, Server>>;
  readonly signedIn: readonly SignedIn[];
  readonly floorTokens: readonly string[];
  readonly results: Results;
  /** Of each measurement. */
  readonly seconds: number;
};

/** Signs in, eight at a time. */
export async function signIn(server: Server, accounts: readonly Account[]): Promise<SignedIn[]> {
  const signedIn: SignedIn[] = [];
  const rest = [...accounts];
  const takeTurns = async (): Promise<void> => {
    for (let next = rest.pop(); next; next = rest.pop()) {
      const input = { email: next.email, password };
      const login = await mutate(`http://127.0.0.1:${server.port}`, 'login', input);
      if (login.__typename !== 'AuthTokens') throw new Error(JSON.stringify(login).slice(0, 300));
      const { accessToken, refreshToken } = login;
      signedIn.push({ ...next, accessToken, refreshToken });
    }
  };
  await Promise.all(Array.from({ length: 8 }, takeTurns));
  return signedIn;
}

/** The floor's own tokens, for the same users. */
export function floorTokens(secret: Uint8Array, users: readonly Account[]): Promise<string[]> {
  return Promise.all(
    users.map(({ id }) =>
      new SignJWT({})
        .setProtectedHeader({ alg: 'HS256' })
        .setSubject(id)
        .setIssuedAt()
        .setExpirationTime('2h')
        .sign(secret),
    ),
  );
}
