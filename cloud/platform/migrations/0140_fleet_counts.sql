-- How many devices there are per site and status, and per tag, without counting them. Each statement
-- that changes devices or tags adds its differences as rows of its own, in its transaction: nobody
-- waits for anybody else's lock, as all would on one row per count. device-manager folds the rows
-- into the counts now and then; a reader adds both, so a count is right at any moment.
CREATE TABLE device_manager.device_counts (
  tenant_id uuid NOT NULL REFERENCES device_manager.tenants (id),
  site text NOT NULL,
  status text NOT NULL,
  devices bigint NOT NULL,
  PRIMARY KEY (tenant_id, site, status)
);
SELECT platform.hold_tenant_rows('device_manager.device_counts', 'SELECT');
GRANT INSERT, UPDATE, DELETE ON device_manager.device_counts TO sb_system;

CREATE TABLE device_manager.device_count_changes (
  tenant_id uuid NOT NULL,
  site text NOT NULL,
  status text NOT NULL,
  change bigint NOT NULL
);
CREATE INDEX device_count_changes_tenant
  ON device_manager.device_count_changes (tenant_id, site, status);
SELECT platform.hold_tenant_rows('device_manager.device_count_changes', 'SELECT, INSERT');
GRANT DELETE ON device_manager.device_count_changes TO sb_system;

CREATE TABLE device_manager.tag_counts (
  tenant_id uuid NOT NULL REFERENCES device_manager.tenants (id),
  key text COLLATE "C" NOT NULL,
  value text COLLATE "C" NOT NULL,
  devices bigint NOT NULL,
  PRIMARY KEY (tenant_id, key, value)
);
SELECT platform.hold_tenant_rows('device_manager.tag_counts', 'SELECT');
GRANT INSERT, UPDATE, DELETE ON device_manager.tag_counts TO sb_system;

CREATE TABLE device_manager.tag_count_changes (
  tenant_id uuid NOT NULL,
  key text COLLATE "C" NOT NULL,
  value text COLLATE "C" NOT NULL,
  change bigint NOT NULL
);
CREATE INDEX tag_count_changes_tenant
  ON device_manager.tag_count_changes (tenant_id, key, value);
SELECT platform.hold_tenant_rows('device_manager.tag_count_changes', 'SELECT, INSERT');
GRANT DELETE ON device_manager.tag_count_changes TO sb_system;

-- A branch that is not taken is not planned, so one function may name both transition tables.
CREATE FUNCTION device_manager.count_devices() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO device_manager.device_count_changes
      SELECT tenant_id, site, status, count(*) FROM new_rows WHERE deleted_at IS NULL
       GROUP BY tenant_id, site, status;
  ELSE
    INSERT INTO device_manager.device_count_changes
      SELECT tenant_id, site, status, sum(change) FROM (
        SELECT tenant_id, site, status, 1 AS change FROM new_rows WHERE deleted_at IS NULL
        UNION ALL
        SELECT tenant_id, site, status, -1 FROM old_rows WHERE deleted_at IS NULL) both_rows
       GROUP BY tenant_id, site, status HAVING sum(change) <> 0;
  END IF;
  RETURN NULL;
END
$$;
CREATE TRIGGER devices_counted_in AFTER INSERT ON device_manager.devices
  REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION device_manager.count_devices();
CREATE TRIGGER devices_counted_again AFTER UPDATE ON device_manager.devices
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION device_manager.count_devices();

CREATE FUNCTION device_manager.count_tags() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO device_manager.tag_count_changes
      SELECT tenant_id, key, value, count(*) FROM new_rows GROUP BY tenant_id, key, value;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO device_manager.tag_count_changes
      SELECT tenant_id, key, value, -count(*) FROM old_rows GROUP BY tenant_id, key, value;
  ELSE
    INSERT INTO device_manager.tag_count_changes
      SELECT tenant_id, key, value, sum(change) FROM (
        SELECT tenant_id, key, value, 1 AS change FROM new_rows
        UNION ALL
        SELECT tenant_id, key, value, -1 FROM old_rows) both_rows
       GROUP BY tenant_id, key, value HAVING sum(change) <> 0;
  END IF;
  RETURN NULL;
END
$$;
CREATE TRIGGER device_tags_counted_in AFTER INSERT ON device_manager.device_tags
  REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION device_manager.count_tags();
CREATE TRIGGER device_tags_counted_out AFTER DELETE ON device_manager.device_tags
  REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION device_manager.count_tags();
CREATE TRIGGER device_tags_counted_again AFTER UPDATE ON device_manager.device_tags
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION device_manager.count_tags();

-- Creating the triggers has locked out writers, so nothing is missed or counted twice.
INSERT INTO device_manager.device_counts (tenant_id, site, status, devices)
  SELECT tenant_id, site, status, count(*) FROM device_manager.devices
   WHERE deleted_at IS NULL GROUP BY tenant_id, site, status;
INSERT INTO device_manager.tag_counts (tenant_id, key, value, devices)
  SELECT tenant_id, key, value, count(*) FROM device_manager.device_tags
   GROUP BY tenant_id, key, value;

-- A key and its values depend on one another; taken alone they made the planner expect a fifth of
-- the devices that a common tag has, and read and sort them all instead of walking the list.
CREATE STATISTICS device_manager.device_tags_together (mcv)
  ON key, value FROM device_manager.device_tags;
ALTER STATISTICS device_manager.device_tags_together SET STATISTICS 1000;
