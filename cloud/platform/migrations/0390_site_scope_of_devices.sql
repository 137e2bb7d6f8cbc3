-- What hangs on a device is of its site in the other services, too: see 0132.
DO $$
DECLARE
  table_name text;
BEGIN
  FOREACH table_name IN ARRAY ARRAY[
    'bundle_orchestrator.desired_states', 'bundle_orchestrator.device_reports',
    'bundle_orchestrator.device_bundles', 'bundle_orchestrator.rollout_devices',
    'telemetry.presence'
  ] LOOP
    EXECUTE format(
      'CREATE POLICY site_rows ON %s AS RESTRICTIVE TO sb_site
         USING (EXISTS (SELECT 1 FROM device_manager.devices d WHERE d.id = device_id))
         WITH CHECK (EXISTS (SELECT 1 FROM device_manager.devices d WHERE d.id = device_id))',
      table_name);
  END LOOP;
END
$$;

-- A rollout is seen by whoever sees one of its devices, and changed by who sees all of them. Those
-- that are not seen must be counted, so this looks with other eyes.
CREATE FUNCTION platform.is_rollout_within_sites(tenant uuid, rollout uuid) RETURNS boolean
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
  RETURN NOT EXISTS (
    SELECT 1 FROM bundle_orchestrator.rollout_devices r
      JOIN device_manager.devices d ON d.id = r.device_id
     WHERE r.tenant_id = tenant AND r.rollout_id = rollout
       AND r.tenant_id = platform.current_tenant()
       AND d.site <> ALL (platform.current_sites()));
GRANT CREATE ON SCHEMA platform TO sb_system;
ALTER FUNCTION platform.is_rollout_within_sites(uuid, uuid) OWNER TO sb_system;
REVOKE CREATE ON SCHEMA platform FROM sb_system;

CREATE POLICY site_rows ON bundle_orchestrator.rollouts AS RESTRICTIVE FOR SELECT TO sb_site
  USING (EXISTS (SELECT 1 FROM bundle_orchestrator.rollout_devices r
                  WHERE r.tenant_id = rollouts.tenant_id AND r.rollout_id = rollouts.id));
CREATE POLICY site_changes ON bundle_orchestrator.rollouts AS RESTRICTIVE FOR UPDATE TO sb_site
  USING (platform.is_rollout_within_sites(tenant_id, id));
