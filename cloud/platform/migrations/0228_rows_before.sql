-- Whoever withdraws a version finds the newer rows of its devices that would go back to it.
CREATE INDEX rollout_devices_before
  ON bundle_orchestrator.rollout_devices (tenant_id, device_id, bundle_id)
  WHERE previous_slot IS NOT NULL;
