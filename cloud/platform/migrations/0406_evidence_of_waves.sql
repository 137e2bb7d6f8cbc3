-- What other services may know of how devices are: scores with their age, and alerts. The caller's own row
-- security applies.
CREATE OR REPLACE VIEW telemetry.public_device_health WITH (security_invoker = true) AS
  SELECT tenant_id, device_id, score, not_heard_since, parts, judged_at, due_at
    FROM telemetry.device_health;

CREATE VIEW telemetry.public_alerts WITH (security_invoker = true) AS
  SELECT tenant_id, id AS alert_id, severity, status, title, site, device_id, rollout_id, raised_at,
         resolved_at
    FROM telemetry.alerts;
GRANT SELECT ON telemetry.public_alerts TO sb_api, sb_system;
