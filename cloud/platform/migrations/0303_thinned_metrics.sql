-- What a device summed up while it was cut off for long: per metric minimum, maximum, sum and count
-- over a step of its own clock. Few rows (an hour each, at most a minute), so one plain table.
CREATE TABLE telemetry.metrics_thinned (
  tenant_id uuid NOT NULL,
  device_id uuid NOT NULL,
  received_at timestamptz NOT NULL,
  epoch text NOT NULL,
  seq bigint NOT NULL,
  -- Where the step begins.
  at timestamptz NOT NULL,
  step_ms integer NOT NULL,
  -- [[min, max, sum, count] | null, …] in the order of the metrics' columns.
  columns jsonb NOT NULL
);
CREATE INDEX metrics_thinned_device_at ON telemetry.metrics_thinned (device_id, at);
CREATE INDEX metrics_thinned_received ON telemetry.metrics_thinned USING brin (received_at);

GRANT SELECT, INSERT, UPDATE, DELETE ON telemetry.metrics_thinned TO sb_ingest;
GRANT SELECT ON telemetry.metrics_thinned TO sb_system;

CREATE VIEW telemetry.public_metrics_thinned WITH (security_barrier = true) AS
  SELECT * FROM telemetry.metrics_thinned WHERE tenant_id = platform.current_tenant();
GRANT SELECT ON telemetry.public_metrics_thinned TO sb_api;
