import { parseCookie, type SetCookie, stringifySetCookie } from 'cookie';
import type { FastifyReply } from 'fastify';
import type { Config } from '../../../config/read-config.ts';
import { refreshCookieName } from '../../graphql/refresh-cookie.ts';

type Name = 'access' | 'step' | 'language' | 'offered' | 'ticket';

export type PageCookies = {
  read(name: Name): string | undefined;
  /** Whether the browser has a refresh token, which only the API reads. */
  readonly hasSession: boolean;
  /**
   * For as many seconds, or until the browser is closed; null takes it away. Seconds, since the
   * browser's clock may be wrong: a moment that it takes for past would end the cookie at once.
   */
  write(name: Name, value: string | null, maxAge?: number): void;
};

/**
 * The pages' own cookies, beside the one of cookie mode: the access token, the step that a browser
 * has begun, its language, whether it was offered a passkey, and the ticket that the callback of
 * another provider leaves. Only the pages read them: /graphql takes no access token from a cookie.
 */
export function pageCookies(
  config: Pick<Config, 'publicUrl'>,
  header: string | undefined,
  reply: FastifyReply,
): PageCookies {
  const base = refreshCookieName(config);
  const sent = header === undefined ? {} : parseCookie(header);
  const attributes: Omit<SetCookie, 'name' | 'value'> = {
    httpOnly: true,
    secure: base.startsWith('__Host-'),
    sameSite: 'strict',
    path: '/',
  };
  return {
    read: (name) => sent[`${base}-${name}`] || undefined,
    hasSession: (sent[base] ?? '') !== '',
    write: (name, value, maxAge) => {
      const gone = { expires: new Date(0), maxAge: 0 };
      const life = value === null ? gone : maxAge === undefined ? {} : { maxAge };
      const cookie = { name: `${base}-${name}`, value: value ?? '', ...attributes, ...life };
      reply.header('set-cookie', stringifySetCookie(cookie));
    },
  };
}
