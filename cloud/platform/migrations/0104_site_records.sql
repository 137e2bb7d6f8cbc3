-- Who belongs to a site, as signed records. A trigger counts every change of membership in the
-- transaction that makes it, whoever makes it; device-manager signs and publishes afterwards, so
-- nothing is forgotten across crashes and a burst of approvals is signed once.
CREATE TABLE device_manager.memberships (
  tenant_id uuid NOT NULL REFERENCES device_manager.tenants (id),
  -- Empty: the whole tenant, of which the revocation tells.
  site text NOT NULL,
  -- Also the version of what is signed next.
  changed bigint NOT NULL DEFAULT 1,
  -- Members that left: each wants a new site key.
  departures bigint NOT NULL DEFAULT 0,
  signed bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, site)
);
CREATE INDEX memberships_unsigned ON device_manager.memberships (tenant_id) WHERE signed < changed;
SELECT platform.hold_tenant_rows('device_manager.memberships', 'SELECT, INSERT, UPDATE');

CREATE FUNCTION device_manager.note_change(tenant uuid, at_site text, left_members bigint)
RETURNS void LANGUAGE sql AS $$
  INSERT INTO device_manager.memberships AS present (tenant_id, site, departures)
  VALUES (tenant, at_site, left_members)
  ON CONFLICT (tenant_id, site) DO UPDATE
     SET changed = present.changed + 1, departures = present.departures + left_members
$$;

CREATE FUNCTION device_manager.note_membership() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  was boolean := TG_OP = 'UPDATE' AND OLD.status = 'approved' AND OLD.deleted_at IS NULL;
  is_now boolean := NEW.status = 'approved' AND NEW.deleted_at IS NULL;
  same boolean := TG_OP = 'UPDATE' AND OLD.site = NEW.site
                  AND OLD.public_key = NEW.public_key AND OLD.sealing_key = NEW.sealing_key;
BEGIN
  IF was AND NOT (is_now AND same) THEN
    PERFORM device_manager.note_change(OLD.tenant_id, OLD.site, 1);
  END IF;
  IF is_now AND NOT (was AND same) THEN
    PERFORM device_manager.note_change(NEW.tenant_id, NEW.site, 0);
  END IF;
  -- A deleted device is revoked; one whose key is back is no longer.
  IF TG_OP = 'INSERT' OR OLD.deleted_at IS DISTINCT FROM NEW.deleted_at THEN
    IF TG_OP = 'UPDATE' OR EXISTS (
      SELECT 1 FROM device_manager.devices
       WHERE tenant_id = NEW.tenant_id AND public_key = NEW.public_key AND deleted_at IS NOT NULL
    ) THEN
      PERFORM device_manager.note_change(NEW.tenant_id, '', 0);
    END IF;
  END IF;
  RETURN NULL;
END
$$;
CREATE TRIGGER devices_membership
  AFTER INSERT OR UPDATE OF status, site, public_key, sealing_key, deleted_at
  ON device_manager.devices
  FOR EACH ROW EXECUTE FUNCTION device_manager.note_membership();

-- Those that were there before.
INSERT INTO device_manager.memberships (tenant_id, site)
  SELECT DISTINCT tenant_id, site FROM device_manager.devices
   WHERE status = 'approved' AND deleted_at IS NULL
  UNION SELECT id, '' FROM device_manager.tenants;

-- The keys that members share, sealed under the key-encryption key. One per departure.
CREATE TABLE device_manager.site_keys (
  tenant_id uuid NOT NULL REFERENCES device_manager.tenants (id),
  site text NOT NULL,
  generation bigint NOT NULL,
  sealed bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, site, generation)
);
GRANT SELECT, INSERT ON device_manager.site_keys TO sb_system;

-- The newest signed bytes of each record of a tenant (site '') and of its sites, and how far each
-- got to the hub: the rows are the outbox of the bucket.
CREATE TABLE device_manager.signed_records (
  tenant_id uuid NOT NULL REFERENCES device_manager.tenants (id),
  site text NOT NULL,
  name text NOT NULL,
  version bigint NOT NULL,
  envelope bytea NOT NULL,
  issued_at timestamptz NOT NULL,
  -- What a snapshot was made of, so that it is known when another is due.
  made_of text NOT NULL DEFAULT '',
  published_version bigint NOT NULL DEFAULT 0,
  published_bucket text NOT NULL DEFAULT '',
  published_revision bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, site, name)
);
GRANT SELECT, INSERT, UPDATE ON device_manager.signed_records TO sb_system;
