-- When a device that has an older value of a secret gets the newest one; -infinity: at once. Those that are
-- due are found without passing over those that wait, which may be a fleet for a day.
ALTER TABLE bundle_orchestrator.desired_secrets
  ADD COLUMN due_at timestamptz NOT NULL DEFAULT '-infinity';
DROP INDEX bundle_orchestrator.desired_secrets_stale;
CREATE INDEX desired_secrets_due ON bundle_orchestrator.desired_secrets (due_at) WHERE stale;
