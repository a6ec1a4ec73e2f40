ALTER TABLE "otp_challenges" ADD COLUMN "link_hash" "bytea";--> statement-breakpoint
CREATE UNIQUE INDEX "otp_challenges_link_hash_unique" ON "otp_challenges" USING btree ("link_hash");