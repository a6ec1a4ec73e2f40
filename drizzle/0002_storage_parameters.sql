-- drizzle knows no storage parameters: they stand here, and docs/operations.md ("Growth") says why.
-- Room on each page for the next version of a row, so that a refresh or a sign-in enters nothing into any index (HOT).
ALTER TABLE "sessions" SET (fillfactor = 80);--> statement-breakpoint
ALTER TABLE "users" SET (fillfactor = 90);--> statement-breakpoint
ALTER TABLE "rate_limits" SET (fillfactor = 70);--> statement-breakpoint
ALTER TABLE "otp_challenges" SET (fillfactor = 80);--> statement-breakpoint
-- Vacuum by the hundredth, not by the fifth: with ten million rows a fifth is two million dead ones.
ALTER TABLE "sessions" SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000, autovacuum_analyze_scale_factor = 0.02);--> statement-breakpoint
ALTER TABLE "users" SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000, autovacuum_analyze_scale_factor = 0.01);--> statement-breakpoint
ALTER TABLE "known_devices" SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, autovacuum_analyze_scale_factor = 0.05);--> statement-breakpoint
-- Rows that live for minutes: what is over is deleted all the time.
ALTER TABLE "rate_limits" SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);--> statement-breakpoint
ALTER TABLE "otp_challenges" SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);--> statement-breakpoint
ALTER TABLE "outbox_messages" SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);--> statement-breakpoint
-- Only ever longer: freeze a little at a time, not a hundred million rows at once.
ALTER TABLE "audit_events" SET (autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);--> statement-breakpoint
ALTER TABLE "audit_origins" SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
