-- The role that a running server uses, for the owner of the database to create once, after `latchkey migrate`.
-- The owner migrates (with MIGRATE_ON_START=false for the servers); this role creates, alters and drops nothing, and can neither
-- change nor remove what the audit trail says. Give it a password with \password latchkey_app.
create role latchkey_app login nosuperuser nocreatedb nocreaterole noinherit;

revoke create on schema public from public;
grant usage on schema public to latchkey_app;
grant select, insert, update, delete on all tables in schema public to latchkey_app;
-- What later migrations of this owner add.
alter default privileges in schema public grant select, insert, update, delete on tables to latchkey_app;

-- Append-only. Where an event came from stands in audit_origins, which is shortened with age and erased with the account.
revoke update, delete, truncate on audit_events from latchkey_app;

-- The applied migrations, which a server compares at start.
revoke insert, update, delete, truncate on latchkey_migrations from latchkey_app;
