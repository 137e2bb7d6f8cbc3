-- A rollout to a hundred thousand devices is made in one statement, whose time goes into what is kept
-- for each row. What nobody needs is gone.

-- Each row's wave is made, or was there, by the end of the statement that inserts the row
-- (count_new_rollout_devices), and a wave refers to its rollout: rows need not look for it one by one.
ALTER TABLE bundle_orchestrator.rollout_devices
  DROP CONSTRAINT rollout_devices_tenant_id_rollout_id_fkey;

-- Who is told next goes by wave and device; names are longer, and in no order when rows are inserted.
DROP INDEX bundle_orchestrator.rollout_devices_open;
CREATE INDEX rollout_devices_open
  ON bundle_orchestrator.rollout_devices (tenant_id, rollout_id, status, wave, device_id)
  WHERE status IN ('planned', 'pending', 'in-progress', 'rolling-back');

-- Who waits for a device that is free again is found from the few rollouts that can wait for it.
DROP INDEX bundle_orchestrator.rollout_devices_waiting;
CREATE INDEX rollouts_at_work ON bundle_orchestrator.rollouts (tenant_id, bundle_id)
  WHERE status = 'in-progress';
