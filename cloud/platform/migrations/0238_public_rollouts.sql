-- Which rollouts there are, for the live stream: who is held to some sites hears of those that they see. The
-- caller's own row security applies.
CREATE VIEW bundle_orchestrator.public_rollouts WITH (security_invoker = true) AS
  SELECT tenant_id, id AS rollout_id FROM bundle_orchestrator.rollouts;
GRANT SELECT ON bundle_orchestrator.public_rollouts TO sb_api;
