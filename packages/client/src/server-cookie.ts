import type { Seal, SealedSession } from './server-seal.ts';

/** A cookie to be set, as Next's `cookies().set` takes it; without `maxAge` 0 it is kept. */
export type ServerCookie = {
  readonly name: string;
  readonly value: string;
  readonly httpOnly: true;
  readonly sameSite: 'lax';
  readonly path: '/';
  readonly secure: boolean;
  /** Seconds; 0 takes it away. */
  readonly maxAge: number;
};

/** Browsers drop a longer one without a word (RFC 6265 6.1). */
export const longestCookie = 4096;

/** `__Host-`: no other host of the domain can set it (RFC 6265bis 4.1.3.2). */
export const cookieName = (name: string, secure: boolean): string =>
  secure ? `__Host-${name}` : name;

/** A cookie with the session; null for one that takes it away. Rejects where it is too long. */
export async function cookieFor(
  session: SealedSession | null,
  { name, secure, seal }: { name: string; secure: boolean; seal: Seal },
): Promise<ServerCookie> {
  const attributes = { httpOnly: true, sameSite: 'lax', path: '/', secure } as const;
  if (!session) return { name, value: '', ...attributes, maxAge: 0 };
  const value = await seal.close(session);
  if (name.length + 1 + value.length > longestCookie)
    throw new RangeError(`The session needs a cookie of more than ${longestCookie} bytes.`);
  const maxAge = Math.max(1, Math.round((session.endsAt - Date.now()) / 1000));
  return { name, value, ...attributes, maxAge };
}

/** The value of a cookie in the header `Cookie`. */
export function readCookie(header: string | null, name: string): string | undefined {
  return pairsIn(header)
    .find((pair) => pair.startsWith(`${name}=`))
    ?.slice(name.length + 1);
}

/** The header `Cookie` as the browser sends it once it has got this one. */
export function withCookie(header: string | null, { name, value }: ServerCookie): string {
  const others = pairsIn(header).filter((pair) => !pair.startsWith(`${name}=`));
  return [...others, ...(value === '' ? [] : [`${name}=${value}`])].join('; ');
}

const pairsIn = (header: string | null): string[] => (header ? header.split(/; */) : []);

/** The header `Set-Cookie`. */
export function cookieText({ name, value, secure, maxAge }: ServerCookie): string {
  return [
    `${name}=${value}`,
    `Max-Age=${maxAge}`,
    'Path=/',
    'HttpOnly',
    ...(secure ? ['Secure'] : []),
    'SameSite=Lax',
  ].join('; ');
}
