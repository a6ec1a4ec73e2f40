import type { Fields } from './page.ts';

/**
 * The fields of a form; those that were sent more than once, and those with bytes that are no
 * UTF-8, are left out: two passwords that differ in such bytes would be one (PW-6).
 */
export function ownFields(body: unknown): Fields {
  const entries = Object.entries(typeof body === 'object' && body !== null ? body : {});
  return Object.fromEntries(
    entries.filter(
      (entry): entry is [string, string] =>
        typeof entry[1] === 'string' && !entry[1].includes('\uFFFD'),
    ),
  );
}

/** SECURITY: never sent back into a page, and kept in no cookie. */
const secrets: ReadonlySet<string> = new Set([
  'password',
  'currentPassword',
  'newPassword',
  'code',
  'token',
]);

/** What may be shown again, so that nothing that was typed is lost. */
export function withoutSecrets(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !secrets.has(name)));
}
