-- Who is held to some sites sees the alerts of those sites, and of rollouts that they see; silences
-- what is there and nothing else. Rules are the tenant's: seen by all, changed by who is held to none.
CREATE POLICY site_rows ON telemetry.alerts AS RESTRICTIVE TO sb_site
  USING (CASE WHEN rollout_id IS NULL THEN site = ANY (platform.current_sites())
              ELSE EXISTS (SELECT 1 FROM bundle_orchestrator.rollouts r WHERE r.id = rollout_id) END);
CREATE POLICY site_changes ON telemetry.alerts AS RESTRICTIVE FOR UPDATE TO sb_site
  USING (CASE WHEN rollout_id IS NULL THEN true
              ELSE platform.is_rollout_within_sites(tenant_id, rollout_id) END);
CREATE POLICY site_rows ON telemetry.alert_transitions AS RESTRICTIVE TO sb_site
  USING (EXISTS (SELECT 1 FROM telemetry.alerts a WHERE a.id = alert_id))
  WITH CHECK (EXISTS (SELECT 1 FROM telemetry.alerts a WHERE a.id = alert_id));
CREATE POLICY site_rows ON telemetry.alert_silences AS RESTRICTIVE TO sb_site
  USING (site = ANY (platform.current_sites())
         OR EXISTS (SELECT 1 FROM device_manager.devices d WHERE d.id = device_id))
  WITH CHECK (site = ANY (platform.current_sites())
              OR EXISTS (SELECT 1 FROM device_manager.devices d WHERE d.id = device_id));
