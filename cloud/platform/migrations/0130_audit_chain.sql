-- The audit log as a chain: each line's hash covers the hash before it, under a key that is not in
-- the database. Lines are chained in the background, so that changes wait for nobody.
ALTER TABLE platform.audit_log ADD COLUMN request_id text;

CREATE TABLE platform.audit_chain (
  tenant_id uuid NOT NULL,
  -- 1, 2, 3 … without a gap, in the order of chaining: that is the order of commits, nearly that of ids.
  position bigint NOT NULL CHECK (position > 0),
  entry_id bigint NOT NULL UNIQUE,
  hash bytea NOT NULL,
  PRIMARY KEY (tenant_id, position)
);
SELECT platform.hold_tenant_rows('platform.audit_chain', 'SELECT');
GRANT INSERT ON platform.audit_chain TO sb_system;

-- Lines that are not chained yet. Filled by a trigger, so that no way of writing a line forgets it.
CREATE TABLE platform.audit_unchained (
  entry_id bigint PRIMARY KEY,
  tenant_id uuid NOT NULL
);
SELECT platform.hold_tenant_rows('platform.audit_unchained', 'SELECT, INSERT');
GRANT INSERT ON platform.audit_unchained TO sb_ingest;
GRANT DELETE ON platform.audit_unchained TO sb_system;

CREATE FUNCTION platform.await_chaining() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO platform.audit_unchained (entry_id, tenant_id) SELECT id, tenant_id FROM written;
  RETURN NULL;
END
$$;
CREATE TRIGGER audit_log_chaining AFTER INSERT ON platform.audit_log
  REFERENCING NEW TABLE AS written
  FOR EACH STATEMENT EXECUTE FUNCTION platform.await_chaining();

INSERT INTO platform.audit_unchained (entry_id, tenant_id)
  SELECT id, tenant_id FROM platform.audit_log;
