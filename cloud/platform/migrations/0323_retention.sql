-- How long a tenant keeps what, where it chose something else than its tier's default. The service
-- holds what is chosen to the tier (cloud/telemetry-processor/core/retention.ts), here and when it
-- removes, so that a tier that changes needs no change of these rows.
CREATE TABLE telemetry.retention (
  tenant_id uuid PRIMARY KEY,
  metrics_days integer CHECK (metrics_days > 0),
  hours_days integer CHECK (hours_days > 0),
  events_days integer CHECK (events_days > 0),
  dead_letters_days integer CHECK (dead_letters_days > 0)
);
SELECT platform.hold_tenant_rows('telemetry.retention', 'SELECT, INSERT, UPDATE');
GRANT SELECT ON telemetry.retention TO sb_ingest;

-- Up to which day rows of a tenant that keeps less than the longest were removed.
CREATE TABLE telemetry.retention_progress (
  tenant_id uuid PRIMARY KEY,
  removed_until timestamptz NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON telemetry.retention_progress TO sb_ingest;
