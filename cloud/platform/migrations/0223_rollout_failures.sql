-- Failures by what they have in common, devices in pages, and what is given back batch by batch.
ALTER TABLE bundle_orchestrator.rollout_devices ADD COLUMN cause text;
UPDATE bundle_orchestrator.rollout_devices
   SET cause = left(coalesce(reason, ''), 200) WHERE status = 'failed';
CREATE INDEX rollout_devices_failed
  ON bundle_orchestrator.rollout_devices (tenant_id, rollout_id, cause, completed_at)
  WHERE status = 'failed';
CREATE INDEX rollout_devices_named
  ON bundle_orchestrator.rollout_devices (tenant_id, rollout_id, device_name, device_id);

-- Which of its devices have yet to get back what they had: all unfinished ones of a cancelled rollout,
-- or those of a paused one that have not begun. Null when that is done.
ALTER TABLE bundle_orchestrator.rollouts
  ADD COLUMN giving_back text CHECK (giving_back IN ('unfinished', 'not-begun'));
DROP INDEX bundle_orchestrator.rollouts_due;
CREATE INDEX rollouts_due ON bundle_orchestrator.rollouts (least(waves_due_at, tell_due_at))
  WHERE status IN ('scheduled', 'in-progress', 'rolling-back') OR giving_back IS NOT NULL;
