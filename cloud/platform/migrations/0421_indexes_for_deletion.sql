-- no-transaction
-- Deleting a device asks each table that refers to it whether it still does: without these by reading it whole.
DROP INDEX CONCURRENTLY IF EXISTS device_manager.api_keys_of_device
-- next
CREATE INDEX CONCURRENTLY api_keys_of_device ON device_manager.api_keys (device_id)
-- next
DROP INDEX CONCURRENTLY IF EXISTS device_manager.device_certificates_of_device
-- next
CREATE INDEX CONCURRENTLY device_certificates_of_device ON device_manager.device_certificates (device_id)
-- next
DROP INDEX CONCURRENTLY IF EXISTS device_manager.group_members_of_device
-- next
CREATE INDEX CONCURRENTLY group_members_of_device ON device_manager.group_members (device_id)
