-- Two roles: the owner of the tables, who migrates (`latchkey migrate`; the servers have MIGRATE_ON_START=false), and
-- the role of the servers, which creates, alters and drops nothing and can neither change nor remove what the audit
-- trail says. Where Latchkey has a schema of its own, write its name in place of public.

-- 1. Once, by a superuser or whoever may create roles, connected to Latchkey's database. Give both roles a password
--    with \password, and make the first one the owner: ALTER DATABASE … OWNER TO latchkey_owner.
create role latchkey_owner login nosuperuser nocreatedb nocreaterole noinherit;
create role latchkey_app login nosuperuser nocreatedb nocreaterole noinherit;
revoke create on schema public from public;
grant usage, create on schema public to latchkey_owner;
grant usage on schema public to latchkey_app;

-- 2. By latchkey_owner, after its first `latchkey migrate`. It may be run again at any time.
grant select, insert, update, delete on all tables in schema public to latchkey_app;
-- What its later migrations add.
alter default privileges for role latchkey_owner in schema public
  grant select, insert, update, delete on tables to latchkey_app;
-- Append-only. Where an event came from stands in audit_origins, which is shortened with age and erased with the account.
revoke update, delete, truncate on audit_events from latchkey_app;
-- The applied migrations, which a server compares at start.
revoke insert, update, delete, truncate on latchkey_migrations from latchkey_app;
