-- A device's log is looked at by who sees the device: see 0390.
CREATE POLICY site_rows ON telemetry.log_sessions AS RESTRICTIVE TO sb_site
  USING (EXISTS (SELECT 1 FROM device_manager.devices d WHERE d.id = device_id))
  WITH CHECK (EXISTS (SELECT 1 FROM device_manager.devices d WHERE d.id = device_id));
