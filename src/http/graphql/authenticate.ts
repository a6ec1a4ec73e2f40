import type { IncomingMessage } from 'node:http';
import type { App } from '../../app.ts';
import type { Authentication } from '../../context.ts';
import { verifyAccessToken } from '../../domain/access-tokens/verify-access-token.ts';

/** Characters; our tokens are far shorter, and nothing longer is parsed or verified (JW-12). */
const maxHeaderLength = 8192;

const authorization = 'authorization';

/**
 * The Authorization header of a request, undefined where there is none. SECURITY: Node keeps the
 * first of several and drops the rest, so that a proxy before us may have checked another one than
 * we take; joined they are no bearer at all (JW-12).
 */
export function authorizationHeader({
  rawHeaders,
}: Pick<IncomingMessage, 'rawHeaders'>): string | undefined {
  let sent: string | undefined;
  // Names and values in turn.
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    if (name.length !== authorization.length || name.toLowerCase() !== authorization) continue;
    const value = rawHeaders[index + 1] ?? '';
    sent = sent === undefined ? value : `${sent}, ${value}`;
  }
  return sent;
}

/**
 * Authenticates a request by its Authorization header, the only carrier (JW-12). The token is
 * verified first; then the database is asked whether the session still lives, every time, in one
 * statement. Rejects only where the database does not answer.
 */
export async function authenticate(app: App, header: string | undefined): Promise<Authentication> {
  // Clients that have no token send an empty header (contract.md).
  if (header === undefined || header.trim() === '') return { kind: 'anonymous' };
  if (header.length > maxHeaderLength)
    return { kind: 'refused', reason: 'TOKEN_INVALID', stale: null };
  // RFC 9110 11.1: the scheme's case does not matter. Anything else is an invalid credential
  // (ADV-21).
  const match = /^Bearer +([A-Za-z0-9._~+/=-]+) *$/i.exec(header);
  const token = match?.[1];
  if (token === undefined) return { kind: 'refused', reason: 'TOKEN_INVALID', stale: null };
  const verdict = await verifyAccessToken(app, token);
  if (verdict.kind === 'refused') {
    return {
      kind: 'refused',
      reason: verdict.reason,
      stale: verdict.reason === 'TOKEN_EXPIRED' ? verdict : null,
    };
  }
  const { userId, sessionId, generation } = verdict;
  const session = await app.lookUpSession({ sessionId, userId, generation });
  if (!session) return { kind: 'refused', reason: 'SESSION_REVOKED', stale: { userId, sessionId } };
  // SECURITY: roles from the row, never from the token's claims (JW-7).
  const { roles } = session.user;
  return { kind: 'signed-in', viewer: { kind: 'session', userId, sessionId, roles, session } };
}
