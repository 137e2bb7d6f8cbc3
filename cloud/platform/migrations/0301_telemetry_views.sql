-- What requests and other services may read: one tenant's rows, whoever asks. security_barrier, so
-- that no function in a query sees a row before the tenant was checked. Background roles, which
-- set no tenant, read the tables.
DO $$
DECLARE
  view_name text;
  table_name text;
BEGIN
  FOR view_name, table_name IN VALUES
    ('public_metrics', 'metrics'),
    ('public_events', 'events'),
    ('public_reported', 'reported'),
    ('public_reported_history', 'reported_history'),
    ('public_gaps', 'gaps'),
    ('public_watermarks', 'watermarks')
  LOOP
    EXECUTE format(
      'CREATE VIEW telemetry.%I WITH (security_barrier = true) AS
         SELECT * FROM telemetry.%I WHERE tenant_id = platform.current_tenant()',
      view_name, table_name);
    EXECUTE format('GRANT SELECT ON telemetry.%I TO sb_api', view_name);
  END LOOP;
END
$$;

-- Presence is also asked for by background work of other services, which crosses tenants.
CREATE VIEW telemetry.public_presence WITH (security_barrier = true) AS
  SELECT tenant_id, device_id, last_seen_at, presence, next_beat_ms, changed_at
    FROM telemetry.presence
   WHERE tenant_id = platform.current_tenant() OR current_user = 'sb_system';
GRANT SELECT ON telemetry.public_presence TO sb_api, sb_system;
