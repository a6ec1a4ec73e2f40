import { decodeJwt } from 'jose';

/**
 * The id of the session that an access token names, or null. SECURITY: the token is not verified:
 * the id is good for comparing what one browser holds, and for nothing else.
 */
export function sessionOfToken(token: string): string | null {
  try {
    const { sid } = decodeJwt(token);
    return typeof sid === 'string' ? sid : null;
  } catch {
    return null;
  }
}
