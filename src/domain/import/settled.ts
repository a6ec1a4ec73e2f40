import { type Choice, countsEach, fieldOf } from './columns.ts';

/** SECURITY: a column that is passed over lets in whoever it kept out. */
export function assertSettled(unsettled: readonly string[]): void {
  if (unsettled.length === 0) return;
  const names = unsettled.map((column) => printable(column, 200));
  const [first = ''] = names;
  throw new ImportFileError(
    'Nothing was imported. ' +
      `These columns look as if they kept people out: \`${names.join('`, `')}\`. Say what each ` +
      `is (--map ${first}=suspended, or suspended_until, active, active_until, status, ` +
      `password_reset_required, email_verified) or that it keeps nobody out (--ignore ${first}).`,
  );
}

/**
 * SECURITY: a name that is not written as in the file would let in whoever the column keeps out. In
 * JSON any other member may be absent where it says nothing.
 */
export function assertThere(missing: readonly string[], { mapped }: Choice): void {
  const decides = (column: string): boolean => {
    const field = fieldOf(mapped.get(column) ?? '');
    return field !== null && countsEach(field);
  };
  const [first] = missing.filter(decides);
  if (first !== undefined) throw new ImportFileError(noSuchColumn(first));
}

export function noSuchColumn(column: string): string {
  const name = printable(column, 200);
  return `Nothing was imported. --map names \`${name}\`, which is not in the file.`;
}

/** The name of a column, made safe for a terminal. */
export function printable(text: string, maxLength = 60): string {
  return text.replace(/[\p{C}\p{Z}]+/gu, ' ').slice(0, maxLength);
}

/** A file that cannot be read at all. */
export class ImportFileError extends Error {
  override readonly name = 'ImportFileError';
}

/** Why a record is left out of which only its own value shows such a column. */
export function openReason(column: string): string {
  const name = printable(column, 200);
  return (
    `has \`${name}\`, which looks as if it kept people out: --map ${name}=suspended (or another ` +
    `field) says what it is, --ignore ${name} that it keeps nobody out`
  );
}
