-- How well each device is, from stored facts (cloud/telemetry-processor/core/health.ts decides): kept,
-- so that lists sort and filter by it, and judged again only when a fact changed or its time is up.
CREATE TABLE telemetry.device_health (
  device_id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  -- 0–100; null while the device is silent, for nothing is known of it then.
  score smallint CHECK (score BETWEEN 0 AND 100),
  not_heard_since timestamptz,
  -- {freshness, reconciliation, resources, stability}: points, most and words of each.
  parts jsonb NOT NULL,
  -- How strained it is, as the last judgement saw it: a sample of the same level changes nothing.
  strain text NOT NULL,
  judged_at timestamptz NOT NULL,
  -- When time alone changes the judgement; null: never.
  due_at timestamptz
) WITH (fillfactor = 70);
CREATE INDEX device_health_by_score ON telemetry.device_health (tenant_id, score, device_id);
CREATE INDEX device_health_due ON telemetry.device_health (due_at) WHERE due_at IS NOT NULL;

-- Devices of which a fact changed. Never unique: a note that is there may be being taken.
CREATE TABLE telemetry.health_marks (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  device_id uuid NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);

SELECT platform.hold_tenant_rows('telemetry.device_health', 'SELECT');
GRANT SELECT, INSERT, UPDATE, DELETE ON telemetry.device_health, telemetry.health_marks TO sb_ingest;

CREATE VIEW telemetry.public_device_health WITH (security_invoker = true) AS
  SELECT tenant_id, device_id, score, not_heard_since, parts, judged_at FROM telemetry.device_health;
GRANT SELECT ON telemetry.public_device_health TO sb_api, sb_system;

INSERT INTO telemetry.health_marks (device_id)
SELECT device_id FROM telemetry.presence UNION SELECT device_id FROM telemetry.reported;
