import type { SessionViewer, Viewer } from '../../context.ts';

/** What a kind of caller may do in Latchkey's own API. */
type Rights = {
  /** Acts as the user who is signed in: whatever the field guard does not name as public. */
  readonly actsAsUser: boolean;
};

/**
 * SECURITY: what is not named here may do nothing, so that an API key or a machine's token never
 * passes for a user (RFC 9068 section 5). A new kind of viewer gets its line here.
 */
const rights: Readonly<Record<Viewer['kind'], Rights>> = {
  session: { actsAsUser: true },
};

/** Whether the caller acts as a signed-in user: only a session does. */
export function actsAsUser(viewer: Viewer | null): viewer is SessionViewer {
  return viewer !== null && Object.hasOwn(rights, viewer.kind) && rights[viewer.kind].actsAsUser;
}
