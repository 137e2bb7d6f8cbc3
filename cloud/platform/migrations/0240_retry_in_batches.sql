-- A retry of many failed devices goes on batch by batch. When it was asked for: who failed since is not
-- tried again by it. Null: none goes on.
ALTER TABLE bundle_orchestrator.rollouts ADD COLUMN retry_asked_at timestamptz;
-- Of those that failed, how many are to try again and whose rows do not say so yet.
ALTER TABLE bundle_orchestrator.rollout_waves ADD COLUMN to_retry bigint NOT NULL DEFAULT 0;
