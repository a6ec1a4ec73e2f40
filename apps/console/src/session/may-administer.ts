import type { User } from '@latchkey/client';

/**
 * Whether to show the console at all. SECURITY: no more than that; the API judges each request. It
 * wants the role and a session with two factors, which the token says as `mfa` (RFC 8176).
 */
export function mayAdminister({ roles }: Pick<User, 'roles'>, token: string | undefined): boolean {
  return roles?.includes('admin') === true && methodsIn(token ?? '').includes('mfa');
}

function methodsIn(token: string): readonly string[] {
  try {
    const payload = token.split('.')[1] ?? '';
    const { amr } = JSON.parse(atob(payload.replace(/-/g, '+').replace(/_/g, '/')));
    return Array.isArray(amr) ? amr : [];
  } catch {
    return [];
  }
}
