-- Devices that were removed, for the two who may still ask: a person who reads their history, and
-- the device itself, which may learn that it is out. They are in no other view.
CREATE VIEW device_manager.public_removed_devices WITH (security_invoker = true) AS
  SELECT id AS device_id, tenant_id, public_key, coalesce(removal, 'deleted') AS removal, deleted_at
    FROM device_manager.devices
   WHERE deleted_at IS NOT NULL;
GRANT SELECT ON device_manager.public_removed_devices TO sb_api, sb_system;
