import { databaseFailure } from '../db/driver/failures.ts';

type Explanation = { readonly message: string; readonly advice: string };

/**
 * A failure of the database in a sentence or two; null where the error is something else.
 */
export function explainDatabase(error: unknown): string | null {
  const code = codeOf(error);
  const isKnown = explanations.some(({ codes }) => codes.test(code));
  if (!isKnown && databaseFailure(error) === null && !isDrivers(error)) return null;
  const { message, advice } = explain(error);
  return `The database: ${message}. ${advice}`;
}

function isDrivers(error: unknown): boolean {
  return error instanceof Error && error.name === 'PostgresError';
}

/**
 * SECURITY: by the code alone, because a driver's message may quote the address, the account or a
 * value.
 */
export function explain(error: unknown): Explanation {
  const code = codeOf(error);
  const known = explanations.find(({ codes }) => codes.test(code));
  return {
    message: known?.message ?? `failed${code === '' ? '' : ` (${code})`}`,
    advice: known?.advice ?? 'Look into the log of PostgreSQL.',
  };
}

function codeOf(error: unknown): string {
  for (
    let current = error, depth = 0;
    current instanceof Error && depth < 5;
    current = current.cause, depth += 1
  ) {
    if (current instanceof AggregateError && current.errors.length > 0)
      return codeOf(current.errors[0]);
    if ('code' in current && typeof current.code === 'string') return current.code;
  }
  return '';
}

const explanations: readonly {
  readonly codes: RegExp;
  readonly message: string;
  readonly advice: string;
}[] = [
  {
    codes:
      /^(ECONNREFUSED|ECONNRESET|CONNECT_TIMEOUT|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|CONNECTION_)/,
    message: 'does not answer',
    advice: 'Start PostgreSQL, or fix host and port of DATABASE_URL, and the firewall between.',
  },
  {
    codes: /^(ENOTFOUND|EAI_AGAIN)$/,
    message: 'its host name is not known',
    advice: 'Mend the host of DATABASE_URL, or the name service.',
  },
  {
    codes: /^NO_PRIMARY$/,
    message: 'takes no writes',
    advice:
      'Of the hosts of DATABASE_URL none is the primary: promote a standby, or name the ' +
      'primary too.',
  },
  {
    codes: /^28/,
    message: 'refuses the role or its password',
    advice: 'Mend user and password of DATABASE_URL, and pg_hba.conf.',
  },
  {
    codes: /^3D000$/,
    message: 'has no database of that name',
    advice: 'Create it: createdb --owner=ROLE NAME',
  },
  {
    codes: /CERT|^SELF_SIGNED|^UNABLE_TO|^ERR_TLS|ALTNAME/,
    message: 'its certificate is not trusted',
    advice: 'Name its authority by NODE_EXTRA_CA_CERTS, and the host as the certificate does.',
  },
  {
    codes: /^42501$/,
    message: 'the role lacks a right',
    advice: 'Migrate as the owner of the tables, and grant what docs/database-roles.sql lists.',
  },
  {
    codes: /^53300$/,
    message: 'has no connection free',
    advice: 'Raise max_connections, or use PgBouncer.',
  },
  {
    codes: /^53[12]00$/,
    message: 'has no space or memory left',
    advice: 'Make room on its disk, or give it more memory.',
  },
  {
    codes: /^57P0[1-3]$/,
    message: 'is starting or stopping',
    advice: 'Try again when it is up.',
  },
  {
    codes: /^(57014|55P03|40P01)$/,
    message: 'a lock or a statement took too long',
    advice: 'Look for long transactions in pg_stat_activity, end them, and try again.',
  },
  {
    codes: /^25006$/,
    message: 'takes no writes',
    advice: 'DATABASE_URL must name the primary, and default_transaction_read_only must be off.',
  },
  {
    codes: /^(NO_SCHEMA|3F000)$/,
    message: 'no schema of the connection’s search_path is there',
    advice: 'Create it (CREATE SCHEMA), or mend search_path of the role or of DATABASE_URL.',
  },
  {
    codes: /^42P07$/,
    message: 'the schema has a table of that name that Latchkey did not make',
    advice: 'Give Latchkey a schema of its own: ?search_path= in DATABASE_URL.',
  },
  {
    codes: /^(42P01|42703)$/,
    message: 'lacks tables or columns of ours',
    advice: 'Apply the migrations first: latchkey migrate',
  },
  {
    codes: /^MIGRATION_LOCKED$/,
    message: 'another process has been applying migrations for a quarter of an hour',
    advice: 'End it, or its session: the lines before this one name it.',
  },
  {
    codes: /^MIGRATION_INCOMPLETE$/,
    message: 'does not keep what is written to latchkey_migrations',
    advice: 'Remove the rules and triggers of that table.',
  },
];
