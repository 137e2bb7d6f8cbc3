-- What people sort devices by: tags, groups, sites, and a key for lists in natural order.

-- `pump 9` before `pump 10`: digits are preceded by how many they are, so that comparing bytes, which
-- any index can do and no new version of a C library changes, orders numbers. Cut, since an index row
-- is limited; devices whose keys are equal follow by id.
CREATE FUNCTION device_manager.listing_key(name text) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN left((
    SELECT string_agg(
      CASE WHEN part[1] ~ '^[0-9]'
           THEN chr(48 + length(ltrim(part[1], '0'))) || ltrim(part[1], '0')
           ELSE part[1] END, '' ORDER BY nth)
    FROM regexp_matches(lower(name), '[0-9]+|[^0-9]+', 'g') WITH ORDINALITY AS found (part, nth)
  ), 100);

-- Filled for rows that were there before by 0121, which keeps no lock.
ALTER TABLE device_manager.devices
  ADD COLUMN listed_as text COLLATE "C",
  ADD COLUMN metadata jsonb NOT NULL DEFAULT '{}'
    CHECK (jsonb_typeof(metadata) = 'object' AND octet_length(metadata::text) <= 16000);

CREATE FUNCTION device_manager.list_device() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.listed_as := coalesce(device_manager.listing_key(NEW.name), '');
  RETURN NEW;
END
$$;
CREATE TRIGGER devices_listed BEFORE INSERT OR UPDATE OF name ON device_manager.devices
  FOR EACH ROW EXECUTE FUNCTION device_manager.list_device();

-- A bare tag has the key ''. One value per key. Plain columns and not jsonb or an array, because
-- under row security only leakproof operators reach an index: = and < of text are, @> is not.
CREATE TABLE device_manager.device_tags (
  tenant_id uuid NOT NULL REFERENCES device_manager.tenants (id),
  device_id uuid NOT NULL REFERENCES device_manager.devices (id),
  key text COLLATE "C" NOT NULL CHECK (char_length(key) <= 63),
  value text COLLATE "C" NOT NULL CHECK (char_length(value) BETWEEN 1 AND 63),
  PRIMARY KEY (device_id, key, value)
);
CREATE UNIQUE INDEX device_tags_one_value ON device_manager.device_tags (device_id, key)
  WHERE key <> '';
CREATE INDEX device_tags_found ON device_manager.device_tags (tenant_id, key, value, device_id);
SELECT platform.hold_tenant_rows('device_manager.device_tags');

CREATE TABLE device_manager.groups (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  tenant_id uuid NOT NULL REFERENCES device_manager.tenants (id),
  name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
  description text NOT NULL DEFAULT '' CHECK (char_length(description) <= 500),
  -- Of a dynamic group, whose members are whoever answers it now; a static one has none.
  query text CHECK (char_length(query) BETWEEN 1 AND 1000),
  created_by text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (tenant_id, id)
);
CREATE UNIQUE INDEX groups_name ON device_manager.groups (tenant_id, lower(name));
CREATE INDEX groups_listed ON device_manager.groups (tenant_id, (name COLLATE "C"), id);
SELECT platform.hold_tenant_rows('device_manager.groups');

-- Members of static groups; of dynamic ones nothing is stored.
CREATE TABLE device_manager.group_members (
  tenant_id uuid NOT NULL REFERENCES device_manager.tenants (id),
  group_id uuid NOT NULL,
  device_id uuid NOT NULL REFERENCES device_manager.devices (id),
  added_at timestamptz NOT NULL DEFAULT now(),
  -- user:<address>, or registration-token:<prefix>.
  added_by text NOT NULL,
  PRIMARY KEY (group_id, device_id),
  FOREIGN KEY (tenant_id, group_id) REFERENCES device_manager.groups (tenant_id, id)
    ON DELETE CASCADE
);
CREATE INDEX group_members_device ON device_manager.group_members (tenant_id, device_id);
SELECT platform.hold_tenant_rows('device_manager.group_members');

-- What a device gets with its registration.
ALTER TABLE device_manager.registration_tokens
  ADD COLUMN group_id uuid,
  ADD COLUMN tags text[] NOT NULL DEFAULT '{}',
  ADD CONSTRAINT registration_tokens_group FOREIGN KEY (tenant_id, group_id)
    REFERENCES device_manager.groups (tenant_id, id) ON DELETE SET NULL (group_id);
CREATE INDEX registration_tokens_group ON device_manager.registration_tokens (tenant_id, group_id)
  WHERE group_id IS NOT NULL;

-- The name is in subjects and signed records and stays; the title is for people and may change.
CREATE TABLE device_manager.sites (
  tenant_id uuid NOT NULL REFERENCES device_manager.tenants (id),
  name text COLLATE "C" NOT NULL CHECK (char_length(name) BETWEEN 1 AND 63),
  title text NOT NULL DEFAULT '' CHECK (char_length(title) <= 100),
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, name)
);
SELECT platform.hold_tenant_rows('device_manager.sites');

-- Wherever a device is, there is a site, whoever wrote the row; and while the row is being written
-- nobody can delete it.
CREATE FUNCTION device_manager.keep_site() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  LOOP
    PERFORM 1 FROM device_manager.sites
      WHERE tenant_id = NEW.tenant_id AND name = NEW.site FOR KEY SHARE;
    EXIT WHEN FOUND;
    INSERT INTO device_manager.sites (tenant_id, name) VALUES (NEW.tenant_id, NEW.site)
      ON CONFLICT DO NOTHING;
  END LOOP;
  RETURN NEW;
END
$$;
CREATE TRIGGER devices_site BEFORE INSERT OR UPDATE OF site ON device_manager.devices
  FOR EACH ROW EXECUTE FUNCTION device_manager.keep_site();
CREATE TRIGGER registration_tokens_site BEFORE INSERT ON device_manager.registration_tokens
  FOR EACH ROW EXECUTE FUNCTION device_manager.keep_site();

INSERT INTO device_manager.sites (tenant_id, name)
  SELECT tenant_id, site FROM device_manager.devices WHERE deleted_at IS NULL
  UNION SELECT tenant_id, site FROM device_manager.registration_tokens WHERE revoked_at IS NULL
  ON CONFLICT DO NOTHING;
