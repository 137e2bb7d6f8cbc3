-- no-transaction
-- Errors of the last minutes, counted for alerts: few among all events.
DROP INDEX CONCURRENTLY IF EXISTS telemetry.events_errors
-- next
CREATE INDEX CONCURRENTLY events_errors ON telemetry.events (received_at) INCLUDE (tenant_id, device_id)
  WHERE severity = 'error'
