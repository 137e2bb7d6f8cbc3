-- no-transaction
DROP INDEX CONCURRENTLY IF EXISTS telemetry.presence_by_tenant
-- next
-- Without last_seen_at, so that a heartbeat still writes no index.
CREATE INDEX CONCURRENTLY presence_by_tenant
  ON telemetry.presence (tenant_id, presence, device_id)
