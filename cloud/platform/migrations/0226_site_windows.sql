-- Maintenance windows that stand at a site: rollouts tell its devices in them only. [{cron, timeZone, minutes}]
ALTER TABLE device_manager.sites ADD COLUMN windows jsonb NOT NULL DEFAULT '[]'
  CHECK (jsonb_typeof(windows) = 'array' AND octet_length(windows::text) <= 8000);
CREATE INDEX sites_windows ON device_manager.sites (tenant_id, name) WHERE windows <> '[]';

CREATE VIEW device_manager.public_site_windows WITH (security_invoker = true) AS
  SELECT tenant_id, name AS site, windows FROM device_manager.sites WHERE windows <> '[]';
GRANT SELECT ON device_manager.public_site_windows TO sb_api, sb_system;

-- Why a rollout does not wait for them; null: it does.
ALTER TABLE bundle_orchestrator.rollouts
  ADD COLUMN windows_ignored text CHECK (char_length(windows_ignored) BETWEEN 1 AND 500);
