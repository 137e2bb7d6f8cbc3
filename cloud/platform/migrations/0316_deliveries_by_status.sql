-- The log by status: what was given up is rare among what was delivered.
CREATE INDEX notification_deliveries_by_status
  ON telemetry.notification_deliveries (tenant_id, status, position DESC);
