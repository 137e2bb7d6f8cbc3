-- A device that was told and then given back what it had, by a pause, a cancel or a window's end, may
-- still be at it: the generation that asks for it stays until a report says that it is done.
ALTER TABLE bundle_orchestrator.rollout_devices ADD COLUMN given_back_generation bigint;
CREATE INDEX rollout_devices_given_back
  ON bundle_orchestrator.rollout_devices (tenant_id, device_id)
  WHERE given_back_generation IS NOT NULL;
