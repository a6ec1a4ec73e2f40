import type { SessionRow } from '../../db/tables/sessions.ts';

/** A session as its owner sees it. */
export type SessionView = {
  readonly id: string;
  readonly createdAt: Date;
  readonly lastUsedAt: Date;
  readonly expiresAt: Date;
  readonly authenticatedAt: Date;
  readonly methods: string[];
  readonly identityProvider: string | null;
  readonly ipAddress: string | null;
  readonly device: string | null;
  readonly current: boolean;
};

type VisibleSession = Pick<
  SessionRow,
  | 'id'
  | 'createdAt'
  | 'lastUsedAt'
  | 'absoluteExpiresAt'
  | 'authenticatedAt'
  | 'methods'
  | 'identityProvider'
  | 'network'
  | 'device'
>;

export function viewSession(session: VisibleSession, currentSessionId: string | null): SessionView {
  return {
    id: session.id,
    createdAt: session.createdAt,
    lastUsedAt: session.lastUsedAt,
    expiresAt: session.absoluteExpiresAt,
    authenticatedAt: session.authenticatedAt,
    methods: session.methods,
    identityProvider: session.identityProvider,
    ipAddress: session.network,
    device: session.device,
    current: session.id === currentSessionId,
  };
}
