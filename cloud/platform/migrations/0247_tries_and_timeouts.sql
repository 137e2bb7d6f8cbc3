-- Of a device that was told: until when it is to have finished. Of one that failed and tries again by
-- itself: not before when. Null where nothing is due.
ALTER TABLE bundle_orchestrator.rollout_devices ADD COLUMN due_at timestamptz;
CREATE INDEX rollout_devices_due
  ON bundle_orchestrator.rollout_devices (tenant_id, rollout_id, status, due_at)
  WHERE due_at IS NOT NULL;
-- Since when a wave's time runs, where a person let it go on after it began; null: since it did.
ALTER TABLE bundle_orchestrator.rollout_waves ADD COLUMN timed_from timestamptz;
