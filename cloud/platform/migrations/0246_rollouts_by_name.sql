-- What a rollout and a bundle are called, for the audit log, which keeps ids: names of before too,
-- also of bundles that are deleted.
CREATE VIEW bundle_orchestrator.public_names WITH (security_invoker = true) AS
  SELECT tenant_id, 'bundle' AS kind, id, name FROM bundle_orchestrator.bundles
  UNION ALL
  SELECT r.tenant_id, 'rollout', r.id, b.name || ' ' || r.version
    FROM bundle_orchestrator.rollouts r
    JOIN bundle_orchestrator.bundles b ON b.tenant_id = r.tenant_id AND b.id = r.bundle_id;
GRANT SELECT ON bundle_orchestrator.public_names TO sb_api;
