-- When a device was last seen, in steps of ten minutes: it changes, and its index is written, with
-- one heartbeat of many, so that the others stay updates in place.
ALTER TABLE telemetry.presence ADD COLUMN seen_step timestamptz
  GENERATED ALWAYS AS (date_bin('10 minutes', last_seen_at, 'epoch')) STORED;
CREATE INDEX presence_by_step ON telemetry.presence (tenant_id, seen_step, device_id);

CREATE OR REPLACE VIEW telemetry.public_presence WITH (security_invoker = true) AS
  SELECT tenant_id, device_id, last_seen_at, presence, next_beat_ms, changed_at, seen_step
    FROM telemetry.presence;
