-- Keys of deleted devices, for the list of revoked users in their tenant's NATS account. A key
-- that came back by a new registration may be in it too: only credentials older than the deletion
-- are revoked.
CREATE VIEW device_manager.public_revocations WITH (security_invoker = true) AS
  SELECT tenant_id, public_key, max(deleted_at) AS revoked_at
    FROM device_manager.devices
   WHERE deleted_at IS NOT NULL
   GROUP BY tenant_id, public_key;
GRANT SELECT ON device_manager.public_revocations TO sb_system;
CREATE INDEX devices_deleted ON device_manager.devices (tenant_id, deleted_at DESC)
  WHERE deleted_at IS NOT NULL;
