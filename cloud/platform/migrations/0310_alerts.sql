-- Alerts: a tenant's rules, what is bad and for how long, what became of it, and who is not told.

-- Built-in rules are in the code (telemetry-processor/core/alert-rules.ts); a row here changes one of
-- them (its id is its type), or is a rule of the tenant's own.
CREATE TABLE telemetry.alert_rules (
  tenant_id uuid NOT NULL REFERENCES device_manager.tenants (id),
  id text COLLATE "C" NOT NULL CHECK (char_length(id) BETWEEN 1 AND 64),
  type text NOT NULL CHECK (char_length(type) <= 64),
  name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
  enabled boolean NOT NULL,
  severity text NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
  threshold float8,
  clear_threshold float8,
  for_seconds integer NOT NULL CHECK (for_seconds BETWEEN 0 AND 604800),
  clear_seconds integer NOT NULL CHECK (clear_seconds BETWEEN 0 AND 604800),
  escalate_after_seconds integer CHECK (escalate_after_seconds BETWEEN 60 AND 2592000),
  site text CHECK (char_length(site) BETWEEN 1 AND 63),
  changed_by text NOT NULL,
  changed_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
SELECT platform.hold_tenant_rows('telemetry.alert_rules');

CREATE TABLE telemetry.alerts (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  tenant_id uuid NOT NULL REFERENCES device_manager.tenants (id),
  -- As they were when it was raised: the rule may be changed or deleted since.
  rule_id text NOT NULL,
  rule_name text NOT NULL,
  type text NOT NULL,
  severity text NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
  status text NOT NULL CHECK (status IN ('active', 'acknowledged', 'resolved')),
  title text NOT NULL CHECK (char_length(title) <= 300),
  detail text NOT NULL CHECK (char_length(detail) <= 2000),
  site text,
  device_id uuid,
  device_name text,
  rollout_id uuid,
  device_count integer NOT NULL,
  silenced boolean NOT NULL,
  raised_at timestamptz NOT NULL,
  escalates_at timestamptz,
  acknowledged_at timestamptz,
  acknowledged_by text,
  resolved_at timestamptz,
  -- Null while it is open, and when it resolved by itself.
  resolved_by text,
  -- Of a rollout: when the news came about that it was last judged by.
  judged_at timestamptz
);
SELECT platform.hold_tenant_rows('telemetry.alerts', 'SELECT, INSERT, UPDATE, DELETE');
CREATE INDEX alerts_listed ON telemetry.alerts (tenant_id, raised_at DESC, id DESC);
CREATE INDEX alerts_open ON telemetry.alerts (tenant_id, raised_at DESC, id DESC)
  WHERE status <> 'resolved';
CREATE INDEX alerts_device ON telemetry.alerts (tenant_id, device_id, raised_at DESC, id DESC)
  WHERE device_id IS NOT NULL;
CREATE INDEX alerts_site ON telemetry.alerts (tenant_id, site, raised_at DESC, id DESC)
  WHERE site IS NOT NULL;
CREATE INDEX alerts_resolved ON telemetry.alerts (tenant_id, resolved_at)
  WHERE status = 'resolved';
CREATE INDEX alerts_old ON telemetry.alerts (resolved_at) WHERE status = 'resolved';
CREATE INDEX alerts_rollout ON telemetry.alerts (tenant_id, rollout_id, raised_at DESC)
  WHERE rollout_id IS NOT NULL;
CREATE INDEX alerts_escalating ON telemetry.alerts (escalates_at)
  WHERE status = 'active' AND escalates_at IS NOT NULL;
CREATE INDEX alerts_silenced ON telemetry.alerts (raised_at)
  WHERE status = 'active' AND silenced;
-- One alert at a time for a site as a whole.
CREATE UNIQUE INDEX alerts_one_for_site ON telemetry.alerts (tenant_id, site)
  WHERE status <> 'resolved' AND type = 'site-offline';

CREATE TABLE telemetry.alert_transitions (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id uuid NOT NULL,
  alert_id uuid NOT NULL REFERENCES telemetry.alerts (id) ON DELETE CASCADE,
  at timestamptz NOT NULL,
  transition text NOT NULL
    CHECK (transition IN ('raised', 'escalated', 'acknowledged', 'resolved')),
  severity text NOT NULL,
  silenced boolean NOT NULL,
  -- Null: by itself.
  actor text,
  note text CHECK (char_length(note) <= 1000)
);
CREATE INDEX alert_transitions_alert ON telemetry.alert_transitions (alert_id, id);
SELECT platform.hold_tenant_rows('telemetry.alert_transitions', 'SELECT, INSERT');

-- One bad stretch of a device under a rule; gone when the device was well for long enough. Several
-- share the alert of their site. Nobody but the evaluation reads it.
CREATE TABLE telemetry.alert_conditions (
  tenant_id uuid NOT NULL,
  rule_id text COLLATE "C" NOT NULL,
  device_id uuid NOT NULL,
  since timestamptz NOT NULL,
  ok_since timestamptz,
  alert_id uuid REFERENCES telemetry.alerts (id) ON DELETE SET NULL,
  PRIMARY KEY (tenant_id, rule_id, device_id)
);
CREATE INDEX alert_conditions_alert ON telemetry.alert_conditions (alert_id);
GRANT SELECT, INSERT, UPDATE, DELETE ON telemetry.alert_conditions TO sb_system;

CREATE TABLE telemetry.alert_silences (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  tenant_id uuid NOT NULL REFERENCES device_manager.tenants (id),
  reason text NOT NULL CHECK (char_length(reason) BETWEEN 1 AND 500),
  device_id uuid,
  site text CHECK (char_length(site) BETWEEN 1 AND 63),
  group_id uuid,
  tag text CHECK (char_length(tag) BETWEEN 1 AND 127),
  rule_id text CHECK (char_length(rule_id) BETWEEN 1 AND 64),
  starts_at timestamptz NOT NULL,
  ends_at timestamptz NOT NULL CHECK (ends_at > starts_at),
  -- Of a maintenance window: {days, from, minutes, timeZone}.
  weekly jsonb CHECK (octet_length(weekly::text) <= 500),
  created_by text NOT NULL,
  created_at timestamptz NOT NULL
);
CREATE INDEX alert_silences_listed ON telemetry.alert_silences (tenant_id, ends_at DESC, id DESC);
CREATE INDEX alert_silences_ended ON telemetry.alert_silences (ends_at);
SELECT platform.hold_tenant_rows('telemetry.alert_silences');

-- The newest sample of each device, for whoever asks of all devices how they are now.
CREATE TABLE telemetry.latest_metrics (
  device_id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  received_at timestamptz NOT NULL,
  cpu_percent float8,
  memory_percent float8,
  disk_percent float8,
  temperature_celsius float8
) WITH (fillfactor = 60);
GRANT SELECT, INSERT, UPDATE, DELETE ON telemetry.latest_metrics TO sb_ingest;
GRANT SELECT, DELETE ON telemetry.latest_metrics TO sb_system;

-- How many parts of a device its newest report says are not well.
ALTER TABLE telemetry.reported ADD COLUMN faults integer NOT NULL GENERATED ALWAYS AS (
  coalesce(jsonb_array_length(jsonb_path_query_array(body, '$.containers[*] ? (@.health == "unhealthy")')), 0)
  + coalesce(jsonb_array_length(jsonb_path_query_array(body, '$.slots[*] ? (@.status == "failed")')), 0)
  + CASE WHEN body #>> '{engine,reachable}' = 'false' AND body #>> '{engine,kind}' <> 'none'
         THEN 1 ELSE 0 END) STORED;
CREATE INDEX reported_faulty ON telemetry.reported (tenant_id, device_id) WHERE faults > 0;

GRANT SELECT ON device_manager.public_device_tags, device_manager.public_group_members
  TO sb_system;
