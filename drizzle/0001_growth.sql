DROP INDEX "users_email_prefix_index";--> statement-breakpoint
DROP INDEX "users_email_canonical_unique";--> statement-breakpoint
CREATE UNIQUE INDEX "users_email_canonical_unique" ON "users" USING btree ("email_canonical" text_pattern_ops);