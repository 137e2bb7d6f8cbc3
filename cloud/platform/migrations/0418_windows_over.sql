-- When the windows that a desired state names are over, so that a device that still waits for one is named
-- others; null: none does, as far as is known. What was stored before is looked at once.
ALTER TABLE bundle_orchestrator.desired_states ADD COLUMN windows_due_at timestamptz;
UPDATE bundle_orchestrator.desired_states SET windows_due_at = now()
 WHERE jsonb_path_exists(slots, '$[*].windows');
CREATE INDEX desired_states_windows_due ON bundle_orchestrator.desired_states (windows_due_at)
  WHERE windows_due_at IS NOT NULL;
