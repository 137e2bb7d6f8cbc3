-- Who is held to some sites reads what devices of those sites sent, as 0396 does for health. The tables
-- have no row security (0300), so the views say it; all others pay for one comparison.
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
    ('public_metrics_daily', 'metrics_daily'),
    ('public_events', 'events'),
    ('public_reported', 'reported'),
    ('public_reported_history', 'reported_history'),
    ('public_gaps', 'gaps'),
    ('public_watermarks', 'watermarks')
  LOOP
    EXECUTE format(
      $sql$CREATE OR REPLACE VIEW telemetry.%I WITH (security_barrier = true) AS
             SELECT * FROM telemetry.%I AS sent
              WHERE tenant_id = platform.current_tenant()
                AND (current_user <> 'sb_site' OR EXISTS (
                  SELECT 1 FROM device_manager.devices d
                   WHERE d.id = sent.device_id AND d.tenant_id = sent.tenant_id
                     AND d.site = ANY (platform.current_sites())))$sql$,
      view_name, table_name);
  END LOOP;
END
$$;
