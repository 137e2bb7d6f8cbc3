-- Devices that become a rollout's target after it was made join it: where its waves end in the seeded
-- order, who joined late, and as far as which sites whoever made it may reach.
ALTER TABLE bundle_orchestrator.rollouts
  ADD COLUMN late_joiners boolean NOT NULL DEFAULT false,
  ADD COLUMN sites text[];
ALTER TABLE bundle_orchestrator.rollout_waves
  ADD COLUMN last_place bigint NOT NULL DEFAULT -1,
  ADD COLUMN late bigint NOT NULL DEFAULT 0;
ALTER TABLE bundle_orchestrator.rollout_devices ADD COLUMN late boolean NOT NULL DEFAULT false;
CREATE INDEX rollouts_joinable ON bundle_orchestrator.rollouts (tenant_id, created_at)
  WHERE late_joiners AND status IN ('scheduled', 'in-progress', 'paused');

CREATE OR REPLACE VIEW device_manager.public_groups WITH (security_invoker = true) AS
  SELECT tenant_id, id AS group_id, name, query IS NOT NULL AS is_dynamic, query
    FROM device_manager.groups;
