-- Whose rows are seen is asked once for a statement, not once for each row of metrics: a chart reads thousands of
-- them, and two settings looked up and read for each took half of its time. Sees what 0409 lets see.
DO $$
DECLARE
  view_name text;
  table_name text;
BEGIN
  FOR view_name, table_name IN VALUES
    ('public_metrics', 'metrics'),
    ('public_metrics_thinned', 'metrics_thinned'),
    ('public_metrics_minutes', 'metrics_minutes'),
    ('public_metrics_hourly', 'metrics_hourly'),
    ('public_metrics_daily', 'metrics_daily')
  LOOP
    EXECUTE format(
      $sql$CREATE OR REPLACE VIEW telemetry.%I WITH (security_barrier = true) AS
             SELECT * FROM telemetry.%I AS sent
              WHERE tenant_id = (SELECT platform.current_tenant())
                AND ((SELECT current_user <> 'sb_site') OR EXISTS (
                  SELECT 1 FROM device_manager.devices d
                   WHERE d.id = sent.device_id AND d.tenant_id = sent.tenant_id
                     AND d.site = ANY (platform.current_sites())))$sql$,
      view_name, table_name);
  END LOOP;
END
$$;
