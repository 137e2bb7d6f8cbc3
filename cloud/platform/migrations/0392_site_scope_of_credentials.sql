-- Who is held to some sites sees the counts, keys, certificates and attempts of those sites alone.
-- Counts of tags know no sites, so such a person sees none of them: what they see is counted.
CREATE POLICY site_rows ON device_manager.device_counts AS RESTRICTIVE TO sb_site
  USING (site = ANY (platform.current_sites()));
CREATE POLICY site_rows ON device_manager.device_count_changes AS RESTRICTIVE FOR SELECT TO sb_site
  USING (site = ANY (platform.current_sites()));
CREATE POLICY site_rows ON device_manager.tag_counts AS RESTRICTIVE TO sb_site USING (false);
CREATE POLICY site_rows ON device_manager.tag_count_changes AS RESTRICTIVE FOR SELECT TO sb_site
  USING (false);
DO $$
DECLARE
  table_name text;
BEGIN
  FOREACH table_name IN ARRAY ARRAY[
    'device_manager.device_certificates', 'device_manager.device_authentications'
  ] LOOP
    EXECUTE format(
      'CREATE POLICY site_rows ON %s AS RESTRICTIVE TO sb_site
         USING (EXISTS (SELECT 1 FROM device_manager.devices d WHERE d.id = device_id))
         WITH CHECK (EXISTS (SELECT 1 FROM device_manager.devices d WHERE d.id = device_id))',
      table_name);
  END LOOP;
END
$$;
