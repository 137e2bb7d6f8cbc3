-- Who looks at a container's log just now; what was looked at, and for how long, is in the audit log.
-- A row goes when the session ends, or with the next one after its time if its replica died.
CREATE TABLE telemetry.log_sessions (
  id text PRIMARY KEY CHECK (id ~ '^[0-9a-f]{32}$'),
  tenant_id uuid NOT NULL,
  device_id uuid NOT NULL,
  ends_at timestamptz NOT NULL
);
CREATE INDEX log_sessions_tenant ON telemetry.log_sessions (tenant_id, device_id);
SELECT platform.hold_tenant_rows('telemetry.log_sessions', 'SELECT, INSERT, DELETE');

-- The version of the last command to a device: the device takes none that is not above its last one.
CREATE TABLE telemetry.device_commands (
  device_id uuid PRIMARY KEY,
  version bigint NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON telemetry.device_commands TO sb_ingest;
