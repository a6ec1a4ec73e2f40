import { type Choice, type Columns, chosenFieldOf, countsEach, type Field } from './columns.ts';
import { createCsvRecord } from './csv-record.ts';
import { assertSettled, ImportFileError, noSuchColumn } from './settled.ts';

type Reading = {
  readonly known: Columns;
  readonly choice: Choice;
  readonly onIgnored: (columns: readonly string[]) => void;
};

/** A column of the header, and what it is to us. */
export type Column = { readonly name: string; readonly field: Field | null };

type Header = {
  readonly delimiter: string;
  readonly columns: readonly Column[];
  /** Whether the line is a record already. */
  readonly isData: boolean;
};

/**
 * Commas, unless the header makes sense only with semicolons, tabs or bars, which spreadsheets and
 * databases write.
 */
export function readHeader(text: string, options: Reading): Header {
  // Not `known.fieldOf`, which would remember a line that is not split yet as one unsettled column.
  const isEmail = (column: string): boolean => chosenFieldOf(column, options.choice) === 'email';
  const values = namesOf(text, ',');
  if (isFirebase(values))
    return { delimiter: ',', columns: firebaseColumns.slice(0, values.length), isData: true };
  const delimiter =
    delimiters.find((each) => namesOf(text, each).some((column) => isEmail(column))) ?? ',';
  return { delimiter, columns: knownColumns(namesOf(text, delimiter), options), isData: false };
}

const delimiters = [',', ';', '\t', '|'];

const firebaseNames = new Map<number, readonly [string, Field | null]>([
  [1, ['email', 'email']],
  [2, ['emailVerified', 'emailVerified']],
  [3, ['passwordHash', 'passwordHash']],
  [4, ['salt', 'salt']],
  [5, ['displayName', 'name']],
  [23, ['createdAt', 'createdAt']],
  [24, ['lastSignedInAt', 'lastLoginAt']],
  [26, ['disabled', 'suspended']],
  [27, ['customAttributes', null]],
]);

/** What `firebase auth:export users.csv` writes, without a header and with a comma at the end. */
const firebaseColumns: readonly Column[] = Array.from({ length: 29 }, (_, index) => ({
  name: firebaseNames.get(index)?.[0] ?? '',
  field: firebaseNames.get(index)?.[1] ?? null,
}));

function isFirebase(values: readonly string[]): boolean {
  const [, email = '', verified = ''] = values;
  const isLong = values.length >= 27 && values.length <= firebaseColumns.length;
  return isLong && /^(?:true|false)$/.test(verified) && (email === '' || email.includes('@'));
}

function namesOf(text: string, delimiter: string): readonly string[] {
  const state = createCsvRecord(delimiter)(text);
  return state.kind === 'record' ? state.values.map((value) => value.trim()) : [];
}

/** The columns of the header, of which what was chosen comes before what the names tell. */
function knownColumns(header: readonly string[], options: Reading): Column[] {
  const { known, choice } = options;
  const isChosen = (name: string): boolean => choice.mapped.has(name);
  const chosen = new Set(header.filter(isChosen).map((name) => known.fieldOf(name)));
  const taken = new Set<Field>();
  const ignored: string[] = [];
  const columns = header.map((name): Column => {
    const field = known.fieldOf(name);
    const isTaken = field !== null && (taken.has(field) || (!isChosen(name) && chosen.has(field)));
    if (field === null || (isTaken && !countsEach(field))) {
      ignored.push(name);
      return { name, field: null };
    }
    taken.add(field);
    return { name, field };
  });
  if (!taken.has('email'))
    throw new ImportFileError(
      'The header has no column `email`. Name yours by --map COLUMN=email.',
    );
  const isInside = (path: string): boolean => header.some((name) => path.startsWith(`${name}.`));
  const missing = known.missing.find((path) => !isInside(path));
  if (missing !== undefined) throw new ImportFileError(noSuchColumn(missing));
  assertSettled(known.unsettledAtEnd);
  if (ignored.length > 0) options.onIgnored(ignored);
  return columns;
}
