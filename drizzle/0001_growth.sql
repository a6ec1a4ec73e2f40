-- Concurrently, and the new index before the old one goes: writes go on, and addresses stay unique.
CREATE UNIQUE INDEX CONCURRENTLY "users_email_canonical_next" ON "users" USING btree ("email_canonical" text_pattern_ops);--> statement-breakpoint
DROP INDEX CONCURRENTLY IF EXISTS "users_email_prefix_index";--> statement-breakpoint
DROP INDEX CONCURRENTLY IF EXISTS "users_email_canonical_unique";--> statement-breakpoint
ALTER INDEX "users_email_canonical_next" RENAME TO "users_email_canonical_unique";
