-- Who is held to some sites sees what was sent of those sites alone. A channel belongs to no site
-- and carries no secret that is shown; changing one is for people of every site (the API's guard).
CREATE POLICY site_rows ON telemetry.notification_deliveries AS RESTRICTIVE TO sb_site
  USING (site = ANY (platform.current_sites())) WITH CHECK (site = ANY (platform.current_sites()));
