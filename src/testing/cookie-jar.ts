import { parseSetCookie, type SetCookie } from 'cookie';
import type { Clock } from '../clock.ts';

/** A cookie as a server set it. */
export type Cookie = SetCookie & { readonly value: string };

/** The cookies of one browser at one host, which keeps them as RFC 6265 says. */
export class CookieJar {
  readonly #clock: Clock;
  readonly #cookies: Map<string, Cookie>;

  /** `clock` is the server's: a cookie expires at its time. */
  constructor(clock: Clock, cookies: Iterable<Cookie> = []) {
    this.#clock = clock;
    this.#cookies = new Map([...cookies].map((cookie) => [cookie.name, cookie]));
  }

  /** Takes the `Set-Cookie` headers of an answer. */
  take(headers: readonly string[]): void {
    for (const header of headers) {
      const cookie = parseSetCookie(header);
      const { name, value = '', maxAge } = cookie;
      const expires =
        maxAge === undefined
          ? cookie.expires
          : new Date(this.#clock.now().getTime() + maxAge * 1000);
      const { expires: _, ...others } = cookie;
      this.#cookies.set(name, { ...others, value, ...(expires ? { expires } : {}) });
    }
  }

  /** All that are not over. */
  list(): Cookie[] {
    const now = this.#clock.now();
    return [...this.#cookies.values()].filter(({ expires }) => !expires || expires > now);
  }

  /** The header `Cookie` of a request; undefined where there is none. */
  header(request: {
    readonly path: string;
    readonly isSecure: boolean;
    /** Whether a page of another site leads here. */
    readonly isCrossSite: boolean;
  }): string | undefined {
    const sent = this.list().filter(
      (cookie) =>
        isBelow(request.path, cookie.path ?? '/') &&
        (request.isSecure || !cookie.secure) &&
        !(request.isCrossSite && cookie.sameSite === 'strict'),
    );
    return sent.map(({ name, value }) => `${name}=${value}`).join('; ') || undefined;
  }

  /** Takes one away, as its owner may. */
  drop(name: string): void {
    this.#cookies.delete(name);
  }

  /** Another jar that holds what this one holds now. */
  copy(): CookieJar {
    return new CookieJar(this.#clock, this.#cookies.values());
  }
}

/** RFC 6265 5.1.4. */
function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}
