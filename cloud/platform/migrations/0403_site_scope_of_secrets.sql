-- Who is held to some sites seals what is the whole tenant's and what is of those sites; changing a
-- secret is for people of every site (the API's guard).
CREATE POLICY site_rows ON bundle_orchestrator.secrets AS RESTRICTIVE TO sb_site
  USING (
    (site IS NULL AND device_id IS NULL) OR site = ANY (platform.current_sites())
    OR EXISTS (SELECT 1 FROM device_manager.devices d WHERE d.id = device_id))
  WITH CHECK (false);
CREATE POLICY site_rows ON bundle_orchestrator.desired_secrets AS RESTRICTIVE TO sb_site
  USING (EXISTS (SELECT 1 FROM device_manager.devices d WHERE d.id = device_id))
  WITH CHECK (EXISTS (SELECT 1 FROM device_manager.devices d WHERE d.id = device_id));
