CREATE TABLE "identities" (
	"id" uuid PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"provider_id" text NOT NULL,
	"issuer" text NOT NULL,
	"subject" text NOT NULL,
	"label" text,
	"email_at_link" text,
	"created_at" timestamp (3) with time zone NOT NULL,
	"last_used_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "identity_flows" (
	"id" uuid PRIMARY KEY NOT NULL,
	"purpose" text NOT NULL,
	"provider_id" text NOT NULL,
	"user_id" uuid,
	"session_id" uuid,
	"return_to" text,
	"code_challenge" text,
	"handle_hash" "bytea" NOT NULL,
	"state_hash" "bytea",
	"ticket_hash" "bytea",
	"sealed_secrets" "bytea",
	"browser_hash" "bytea",
	"sealed_outcome" "bytea",
	"created_at" timestamp (3) with time zone NOT NULL,
	"begun_at" timestamp (3) with time zone,
	"returned_at" timestamp (3) with time zone,
	"consumed_at" timestamp (3) with time zone,
	"ticket_expires_at" timestamp (3) with time zone,
	"expires_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "otp_challenges" ADD COLUMN "pending_identity" jsonb;--> statement-breakpoint
ALTER TABLE "sessions" ADD COLUMN "identity_provider" text;--> statement-breakpoint
ALTER TABLE "identities" ADD CONSTRAINT "identities_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "identity_flows" ADD CONSTRAINT "identity_flows_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "identities_subject_unique" ON "identities" USING btree ("provider_id","issuer","subject");--> statement-breakpoint
CREATE INDEX "identities_user_id_index" ON "identities" USING btree ("user_id","created_at");--> statement-breakpoint
CREATE UNIQUE INDEX "identity_flows_handle_hash_unique" ON "identity_flows" USING btree ("handle_hash");--> statement-breakpoint
CREATE UNIQUE INDEX "identity_flows_state_hash_unique" ON "identity_flows" USING btree ("state_hash");--> statement-breakpoint
CREATE UNIQUE INDEX "identity_flows_ticket_hash_unique" ON "identity_flows" USING btree ("ticket_hash");--> statement-breakpoint
CREATE INDEX "identity_flows_user_id_index" ON "identity_flows" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "identity_flows_expires_at_index" ON "identity_flows" USING btree ("expires_at");