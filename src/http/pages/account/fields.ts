import type { Fields } from './page.ts';

/**
 * Reads a form's body; fields that were sent more than once, and those with bytes that are no
 * UTF-8, are left out: two passwords that differ in such bytes would be one (PW-6).
 */
export function readForm(body: string): Record<string, string> {
  const sent = new Map<string, string | null>();
  for (const [name, value] of new URLSearchParams(body))
    sent.set(name, sent.has(name) || value.includes('\uFFFD') ? null : value);
  return Object.fromEntries(
    [...sent].filter((field): field is [string, string] => field[1] !== null),
  );
}

/** SECURITY: never sent back into a page, and kept in no cookie. */
const secrets: ReadonlySet<string> = new Set([
  'password',
  'currentPassword',
  'newPassword',
  'code',
]);

/**
 * SECURITY: secrets that a page itself has to send back, since the person could not give them once
 * more (a link's token, an authenticator's address), or reads (the id of a passkey's answer, which
 * is good once, the ticket of another provider), and that no cookie keeps.
 */
const shownSecrets: ReadonlySet<string> = new Set([
  'token',
  'uri',
  'credential',
  'ticket',
  'codeVerifier',
]);

/** What may be shown again, so that nothing that was typed is lost. */
export function withoutSecrets(fields: Fields): Fields {
  return without(fields, (name) => secrets.has(name));
}

/** What a cookie may keep until a form is sent again. */
export function fitForCookie(fields: Fields): Fields {
  return without(fields, (name) => secrets.has(name) || shownSecrets.has(name));
}

function without(fields: Fields, isLeftOut: (name: string) => boolean): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !isLeftOut(name)));
}
