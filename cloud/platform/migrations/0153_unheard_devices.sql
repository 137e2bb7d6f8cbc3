-- Who was never heard of, found without looking through all devices: presence has no row of it, and nothing
-- else told. Nobody clears the mark in the transaction of the first heartbeat, which is another service's: who bears it
-- may have been heard of, so that whoever reads it looks at presence as well; who does not has been.
ALTER TABLE device_manager.devices ADD COLUMN may_be_unheard boolean NOT NULL DEFAULT true;
CREATE INDEX devices_unheard ON device_manager.devices (tenant_id, listed_as, id)
  WHERE may_be_unheard AND deleted_at IS NULL;
