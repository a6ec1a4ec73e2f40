import type { SessionViewer, Viewer } from '../../context.ts';
import type { LiveSession } from '../../db/queries/session-with-user.ts';

/** What a kind of caller may do in Latchkey's own API. */
type Rights = {
  /** Acts as the signed-in user: in everything that the field guard does not list as public. */
  readonly actsAsUser: boolean;
};

/**
 * SECURITY: a kind not listed here may do nothing, so that an API key or a machine's token never
 * passes for a user (RFC 9068 section 5). Add a line for each new kind of viewer.
 */
const rights: Readonly<Record<Viewer['kind'], Rights>> = {
  session: { actsAsUser: true },
};

/** Whether the caller acts as a signed-in user: only a session does. */
export function actsAsUser(viewer: Viewer | null): viewer is SessionViewer {
  return viewer !== null && Object.hasOwn(rights, viewer.kind) && rights[viewer.kind].actsAsUser;
}

/** The caller that a live session's rows stand for. */
export function viewerOf({ session, user }: LiveSession): SessionViewer {
  const { id: userId, roles } = user;
  return { kind: 'session', userId, sessionId: session.id, roles, session: { session, user } };
}
