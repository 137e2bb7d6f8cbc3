-- Registration tokens, devices and their API keys.
CREATE TABLE device_manager.registration_tokens (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  tenant_id uuid NOT NULL REFERENCES device_manager.tenants (id),
  -- The public part of the token. Not unique: a collision only means that two hashes are compared.
  prefix text NOT NULL CHECK (char_length(prefix) <= 16),
  salt bytea NOT NULL,
  secret_hash bytea NOT NULL,
  description text NOT NULL DEFAULT '' CHECK (char_length(description) <= 500),
  site text NOT NULL CHECK (char_length(site) <= 63),
  max_uses integer NOT NULL CHECK (max_uses BETWEEN 1 AND 100000),
  current_uses integer NOT NULL DEFAULT 0,
  auto_approve boolean NOT NULL DEFAULT false,
  created_by text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  revoked_at timestamptz,
  CONSTRAINT uses_within_limit CHECK (current_uses BETWEEN 0 AND max_uses)
);
CREATE INDEX registration_tokens_prefix ON device_manager.registration_tokens (prefix);
CREATE INDEX registration_tokens_tenant
  ON device_manager.registration_tokens (tenant_id, created_at DESC, id DESC);
SELECT platform.hold_tenant_rows('device_manager.registration_tokens', 'SELECT, INSERT, UPDATE');

CREATE TABLE device_manager.devices (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  tenant_id uuid NOT NULL REFERENCES device_manager.tenants (id),
  name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
  site text NOT NULL CHECK (char_length(site) <= 63),
  status text NOT NULL CHECK (status IN ('pending', 'approved', 'rejected')),
  status_reason text CHECK (char_length(status_reason) <= 500),
  -- The device's only identity: its NATS user key, whose private half it never sent.
  public_key text NOT NULL,
  sealing_key text NOT NULL,
  fingerprint text NOT NULL,
  agent_version text NOT NULL,
  os text NOT NULL,
  architecture text NOT NULL,
  hostname text NOT NULL,
  registration_token_id uuid NOT NULL REFERENCES device_manager.registration_tokens (id),
  created_at timestamptz NOT NULL DEFAULT now(),
  decided_at timestamptz,
  decided_by text,
  -- A deleted device keeps its row, so that history can still name it, and never comes back.
  deleted_at timestamptz,
  searched text NOT NULL GENERATED ALWAYS AS (
    lower(name || ' ' || hostname || ' ' || fingerprint || ' ' || site)) STORED
);
-- Across all tenants: a key that one tenant's device uses cannot be claimed by another tenant.
CREATE UNIQUE INDEX devices_public_key ON device_manager.devices (public_key)
  WHERE deleted_at IS NULL;
CREATE INDEX devices_by_name ON device_manager.devices (tenant_id, lower(name), id)
  WHERE deleted_at IS NULL;
CREATE INDEX devices_by_status ON device_manager.devices (tenant_id, status, lower(name), id)
  WHERE deleted_at IS NULL;
CREATE INDEX devices_by_site ON device_manager.devices (tenant_id, site, lower(name), id)
  WHERE deleted_at IS NULL;
CREATE INDEX devices_token ON device_manager.devices (registration_token_id);
SELECT platform.hold_tenant_rows('device_manager.devices', 'SELECT, INSERT, UPDATE');
GRANT SELECT (id, tenant_id, name, site, status, public_key, deleted_at)
  ON device_manager.devices TO sb_ingest;

-- Search by part of a name reads the tenant's devices; with trigrams it reads only the matches.
DO $$
BEGIN
  CREATE EXTENSION IF NOT EXISTS pg_trgm;
  CREATE INDEX devices_searched ON device_manager.devices USING gin (searched gin_trgm_ops)
    WHERE deleted_at IS NULL;
EXCEPTION WHEN undefined_file OR insufficient_privilege OR feature_not_supported
  OR undefined_object OR unique_violation THEN
  RAISE NOTICE 'pg_trgm is not available: device search reads all devices of a tenant';
END
$$;

-- Several live keys per device, so that a key can be replaced without a gap.
CREATE TABLE device_manager.api_keys (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  tenant_id uuid NOT NULL REFERENCES device_manager.tenants (id),
  device_id uuid NOT NULL REFERENCES device_manager.devices (id),
  prefix text NOT NULL CHECK (char_length(prefix) <= 16),
  salt bytea NOT NULL,
  secret_hash bytea NOT NULL,
  created_by text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  revoked_at timestamptz
);
CREATE INDEX api_keys_prefix ON device_manager.api_keys (prefix);
CREATE INDEX api_keys_device ON device_manager.api_keys (tenant_id, device_id, created_at DESC);
SELECT platform.hold_tenant_rows('device_manager.api_keys', 'SELECT, INSERT, UPDATE');

-- What the other services may know of a device. The caller's own row security applies.
CREATE VIEW device_manager.public_devices WITH (security_invoker = true) AS
  SELECT d.tenant_id, d.id AS device_id, d.name, d.site, d.status AS registration_status,
         d.public_key, t.tenant_key
    FROM device_manager.devices d
    JOIN device_manager.tenants t ON t.id = d.tenant_id
   WHERE d.deleted_at IS NULL;
GRANT SELECT ON device_manager.public_devices TO sb_api, sb_ingest, sb_system;

-- For the authenticator, before a tenant is known. A deleted device is in neither.
CREATE VIEW device_manager.public_device_identities WITH (security_invoker = true) AS
  SELECT id AS device_id, tenant_id, public_key, status AS registration_status
    FROM device_manager.devices
   WHERE deleted_at IS NULL;
CREATE VIEW device_manager.public_api_keys WITH (security_invoker = true) AS
  SELECT prefix, tenant_id, device_id, salt, secret_hash AS hash, expires_at, revoked_at
    FROM device_manager.api_keys;
GRANT SELECT ON device_manager.public_device_identities, device_manager.public_api_keys
  TO sb_system;
