/**
 * The token in what was pasted: a mail's whole link, with whatever was copied around it, or the
 * token alone.
 */
export function linkToken(pasted: string): string {
  const token = /[#&?]token=([^&\s"'<>)\]]+)/.exec(pasted)?.[1];
  return token ?? pasted.trim();
}
