ALTER TABLE "otp_challenges" ADD COLUMN "previous_code_hash" "bytea";--> statement-breakpoint
ALTER TABLE "otp_challenges" ADD COLUMN "previous_code_expires_at" timestamp (3) with time zone;