-- Channels on which a tenant's people and programs hear of alerts and of domain events, and what was
-- or is to be sent on each.
CREATE TABLE telemetry.notification_channels (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  tenant_id uuid NOT NULL REFERENCES device_manager.tenants (id),
  name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
  kind text NOT NULL CHECK (kind IN ('email', 'slack', 'teams', 'pagerduty', 'webhook')),
  -- What may be shown of its settings; what may not is sealed under the key-encryption key.
  settings jsonb NOT NULL,
  secrets_sealed bytea NOT NULL,
  hears jsonb NOT NULL,
  enabled boolean NOT NULL,
  created_at timestamptz NOT NULL,
  changed_at timestamptz NOT NULL,
  -- How it goes: consecutive failures, since when and why, and when it is tried again.
  failures integer NOT NULL DEFAULT 0,
  failing_since timestamptz,
  last_failure text,
  last_delivered_at timestamptz,
  retry_at timestamptz,
  -- What was not even kept because as much as may wait was waiting.
  dropped bigint NOT NULL DEFAULT 0,
  last_dropped_at timestamptz,
  -- When there is something to do, and until when one replica does it.
  due_at timestamptz,
  claimed_until timestamptz,
  UNIQUE (tenant_id, name)
);
CREATE INDEX notification_channels_due ON telemetry.notification_channels (due_at)
  WHERE due_at IS NOT NULL;
SELECT platform.hold_tenant_rows('telemetry.notification_channels');

CREATE TABLE telemetry.notification_deliveries (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  position bigint GENERATED ALWAYS AS IDENTITY,
  tenant_id uuid NOT NULL,
  channel_id uuid NOT NULL REFERENCES telemetry.notification_channels (id) ON DELETE CASCADE,
  -- An event goes to a channel once, however often it is heard.
  event_id uuid NOT NULL,
  type text NOT NULL,
  alert_id uuid,
  site text,
  notice jsonb NOT NULL,
  occurred_at timestamptz NOT NULL,
  queued_at timestamptz NOT NULL,
  status text NOT NULL CHECK (status IN ('waiting', 'delivered', 'given-up', 'passed-over')),
  attempts integer NOT NULL DEFAULT 0,
  retry_at timestamptz,
  last_attempt_at timestamptz,
  finished_at timestamptz,
  -- The message that carried it, and how many it carried together.
  message_id uuid,
  folded integer,
  -- Of a folded PagerDuty incident: whose resolve closes it.
  incident_key text,
  reason text,
  answer text,
  UNIQUE (channel_id, event_id)
);
CREATE INDEX notification_deliveries_newest
  ON telemetry.notification_deliveries (tenant_id, position DESC);
CREATE INDEX notification_deliveries_of_channel
  ON telemetry.notification_deliveries (channel_id, position DESC);
CREATE INDEX notification_deliveries_waiting
  ON telemetry.notification_deliveries (channel_id, position) WHERE status = 'waiting';
CREATE INDEX notification_deliveries_sent
  ON telemetry.notification_deliveries (channel_id, finished_at) WHERE status = 'delivered';
CREATE INDEX notification_deliveries_of_alert
  ON telemetry.notification_deliveries (alert_id) WHERE alert_id IS NOT NULL;
CREATE INDEX notification_deliveries_of_incident
  ON telemetry.notification_deliveries (channel_id, incident_key) WHERE incident_key IS NOT NULL;
CREATE INDEX notification_deliveries_age
  ON telemetry.notification_deliveries (finished_at) WHERE finished_at IS NOT NULL;
SELECT platform.hold_tenant_rows(
  'telemetry.notification_deliveries', 'SELECT, INSERT, UPDATE, DELETE');
