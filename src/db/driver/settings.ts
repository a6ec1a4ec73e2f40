/**
 * What this code relies on of a session's settings, any of which a role or a database may have
 * otherwise (ALTER ROLE … SET). How rows are read and written comes first.
 */
export const wantedSettings: Readonly<Record<string, string>> = {
  bytea_output: 'hex',
  datestyle: 'ISO, MDY',
  intervalstyle: 'postgres',
  timezone: 'UTC',
  extra_float_digits: '1',
  client_encoding: 'UTF8',
  standard_conforming_strings: 'on',
  backslash_quote: 'safe_encoding',
  transform_null_equals: 'off',
  array_nulls: 'on',
  xmloption: 'content',
  quote_all_identifiers: 'off',
  // Guarded statements wait for a row and judge what is there then; in a snapshot they would fail.
  default_transaction_isolation: 'read committed',
  default_transaction_deferrable: 'off',
  // An error of a statement, such as a unique violation, is an answer and not the session's end.
  exit_on_error: 'off',
  row_security: 'on',
  // The pool ends idle sessions itself, and each statement has a timeout.
  idle_session_timeout: '0',
  transaction_timeout: '0',
};

const values = Object.entries(wantedSettings)
  .map(([name, value]) => `('${name}', '${value}')`)
  .join(', ');

/**
 * The first statement of a session. It sets what differs, and leaves out what this version of
 * PostgreSQL does not have. Two are special: a commit that is answered has to last, and writes are
 * refused only where the whole server does so, which may be about to hand over. Its own transaction
 * is no serializable one, which a standby would refuse.
 */
export const pinSettings = `
  set transaction_isolation = 'read committed';
  select set_config(name, value, false) from (values ${values}) as wanted (name, value)
  where current_setting(name, true) <> value
  union all
  select set_config('synchronous_commit', 'on', false)
  where current_setting('synchronous_commit') = 'off'
  union all
  select set_config('default_transaction_read_only', 'off', false)
  where current_setting('default_transaction_read_only') = 'on' and exists (
    select from pg_settings where name = 'default_transaction_read_only'
      and source in ('global', 'user', 'database', 'database user'))`;

export type UnpinnedSetting = {
  readonly name: string;
  readonly value: string;
  readonly wanted: string;
};

/**
 * What the sessions have otherwise although it was set: a setting that only a superuser may change,
 * and, behind a pooler that gives each transaction another session, whatever the role has. Such a
 * pooler is known by the timeouts of the connection, which it keeps back.
 */
export const unpinnedSettings = `
  with wanted (name, value) as (values ${values}, ('default_transaction_read_only', 'off')),
    direct as (select source = 'client' as yes from pg_settings where name = 'statement_timeout')
  select s.name, s.reset_val, w.value from pg_settings s
  join wanted w on lower(s.name) = w.name, direct
  where not direct.yes and lower(s.reset_val) <> lower(w.value)
    and not (w.name = 'default_transaction_read_only' and pg_is_in_recovery())
    and not (w.name = 'timezone' and s.reset_val ~* '^(etc/)?(utc|uct|gmt|universal|zulu)$')
  union all
  select name, setting, 'origin' from pg_settings
  where name = 'session_replication_role' and setting <> 'origin'
  union all
  select name, setting, 'off' from pg_settings, direct
  where name = 'default_transaction_read_only' and setting = 'on' and direct.yes
    and not pg_is_in_recovery()
  union all
  select name, setting, 'UTF8' from pg_settings
  where name = 'server_encoding' and setting <> 'UTF8'
  order by 1`;

export type LackingRights = { readonly table: string; readonly rights: readonly string[] };

/**
 * Our tables, which are those of the role that migrates, and the rights on each that the role of a
 * server needs and does not have (docs/database-roles.sql). The audit trail is only added to; of
 * the migrations it reads.
 */
export const lackingRights = `
  select t.tablename, string_agg(r.name, ',' order by r.name)
  from pg_tables t cross join (values ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE')) as r (name)
  where t.schemaname = current_schema()
    and not has_table_privilege(format('%I.%I', t.schemaname, t.tablename), r.name)
    and not (t.tablename = 'audit_events' and r.name in ('UPDATE', 'DELETE'))
    and not (t.tablename = 'latchkey_migrations' and r.name <> 'SELECT')
    and t.tableowner = (select m.tableowner from pg_tables m
      where m.schemaname = t.schemaname and m.tablename = 'latchkey_migrations')
  group by 1 order by 1`;
