ALTER TABLE "otp_challenges" ADD COLUMN "origin_key" "bytea";--> statement-breakpoint
ALTER TABLE "otp_challenges" ADD COLUMN "known_session_id" uuid;--> statement-breakpoint
ALTER TABLE "otp_challenges" ADD COLUMN "account_proved" boolean DEFAULT true NOT NULL;--> statement-breakpoint
ALTER TABLE "rate_limits" ADD COLUMN "owner_key" "bytea";--> statement-breakpoint
CREATE INDEX "rate_limits_owner_key_index" ON "rate_limits" USING btree ("owner_key") WHERE "rate_limits"."owner_key" is not null;