-- A device's health is seen by who sees the device: see 0390.
CREATE POLICY site_rows ON telemetry.device_health AS RESTRICTIVE TO sb_site
  USING (EXISTS (SELECT 1 FROM device_manager.devices d WHERE d.id = device_id))
  WITH CHECK (EXISTS (SELECT 1 FROM device_manager.devices d WHERE d.id = device_id));
