-- no-transaction
UPDATE device_manager.devices SET listed_as = coalesce(device_manager.listing_key(name), '')
 WHERE listed_as IS NULL
-- next
-- Left invalid when an earlier attempt was cut off.
DROP INDEX CONCURRENTLY IF EXISTS device_manager.devices_in_order
-- next
-- The order of lists. With what is searched beside it, a search reads this index and not the rows
-- (LIKE is not leakproof, so no trigram index serves under row security).
CREATE INDEX CONCURRENTLY devices_in_order ON device_manager.devices (tenant_id, listed_as, id)
  INCLUDE (searched) WHERE deleted_at IS NULL
-- next
DROP INDEX CONCURRENTLY IF EXISTS device_manager.devices_site_in_order
-- next
CREATE INDEX CONCURRENTLY devices_site_in_order
  ON device_manager.devices (tenant_id, site, listed_as, id) WHERE deleted_at IS NULL
-- next
DROP INDEX CONCURRENTLY IF EXISTS device_manager.devices_undecided
-- next
-- Nearly all are approved: those are found in the order of lists.
CREATE INDEX CONCURRENTLY devices_undecided
  ON device_manager.devices (tenant_id, status, listed_as, id)
  WHERE deleted_at IS NULL AND status <> 'approved'
-- next
DROP INDEX CONCURRENTLY IF EXISTS device_manager.devices_by_name
-- next
DROP INDEX CONCURRENTLY IF EXISTS device_manager.devices_by_site
-- next
DROP INDEX CONCURRENTLY IF EXISTS device_manager.devices_by_status
-- next
DROP INDEX CONCURRENTLY IF EXISTS platform.audit_log_target
-- next
-- What was done to one thing: a device's activity.
CREATE INDEX CONCURRENTLY audit_log_target ON platform.audit_log (tenant_id, target, id DESC)
