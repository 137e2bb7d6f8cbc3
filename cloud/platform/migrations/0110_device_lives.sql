-- What becomes of a device beyond its approval: it moves to another site, takes over from another
-- device, or leaves for good.
ALTER TABLE device_manager.devices
  -- When it last moved: credentials of before name the site it left.
  ADD COLUMN moved_at timestamptz,
  -- The device whose place it took.
  ADD COLUMN replaces uuid REFERENCES device_manager.devices (id),
  -- Why it was removed; null for those removed before there were reasons, too.
  ADD COLUMN removal text CHECK (removal IN ('deleted', 'replaced', 'decommissioned')),
  -- What the device itself shall take away, once it hears that it was removed.
  ADD COLUMN wipe text CHECK (wipe IN ('data', 'workloads')),
  -- When it said that it has.
  ADD COLUMN wiped_at timestamptz;
CREATE UNIQUE INDEX devices_replaces ON device_manager.devices (replaces)
  WHERE replaces IS NOT NULL;

-- Only credentials older than the deletion or the move are revoked.
CREATE OR REPLACE VIEW device_manager.public_revocations WITH (security_invoker = true) AS
  SELECT tenant_id, public_key, max(coalesce(deleted_at, moved_at)) AS revoked_at
    FROM device_manager.devices
   WHERE deleted_at IS NOT NULL OR moved_at IS NOT NULL
   GROUP BY tenant_id, public_key;
CREATE INDEX devices_revoked ON device_manager.devices (public_key)
  WHERE deleted_at IS NOT NULL OR moved_at IS NOT NULL;
