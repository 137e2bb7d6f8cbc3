-- What a device may show beside its signature: API keys with their last use and a warning before
-- they expire, certificates of an authority of our own, and a log of who showed what.
ALTER TABLE device_manager.api_keys
  ADD COLUMN last_used_at timestamptz,
  -- When it was told that the key expires soon: once per key.
  ADD COLUMN warned_at timestamptz;
CREATE INDEX api_keys_expiring ON device_manager.api_keys (expires_at)
  WHERE revoked_at IS NULL AND warned_at IS NULL;

CREATE OR REPLACE VIEW device_manager.public_api_keys WITH (security_invoker = true) AS
  SELECT prefix, tenant_id, device_id, salt, secret_hash AS hash, expires_at, revoked_at,
         id AS key_id
    FROM device_manager.api_keys;

-- One authority for the whole installation, made by whichever replica comes first. Its key is sealed
-- under the key-encryption key, as all private keys are.
CREATE TABLE platform.certificate_authority (
  id boolean PRIMARY KEY DEFAULT true CHECK (id),
  certificate text NOT NULL,
  sealed bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
GRANT SELECT, INSERT ON platform.certificate_authority TO sb_system;

CREATE TABLE device_manager.device_certificates (
  -- 16 random bytes: says nothing of how many there are.
  serial text PRIMARY KEY CHECK (serial ~ '^[0-9a-f]{32}$'),
  tenant_id uuid NOT NULL REFERENCES device_manager.tenants (id),
  device_id uuid NOT NULL REFERENCES device_manager.devices (id),
  -- SHA-256 of the whole certificate.
  fingerprint text NOT NULL CHECK (fingerprint ~ '^[0-9a-f]{64}$'),
  issued_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  warned_at timestamptz,
  revoked_at timestamptz,
  revocation text CHECK (revocation IN ('superseded', 'key-compromise', 'cessation')),
  CONSTRAINT revoked_for_a_reason CHECK ((revoked_at IS NULL) = (revocation IS NULL))
);
CREATE INDEX device_certificates_device
  ON device_manager.device_certificates (tenant_id, device_id, issued_at DESC);
CREATE INDEX device_certificates_revoked ON device_manager.device_certificates (expires_at)
  WHERE revoked_at IS NOT NULL;
CREATE INDEX device_certificates_expiring ON device_manager.device_certificates (expires_at)
  WHERE revoked_at IS NULL AND warned_at IS NULL;
SELECT platform.hold_tenant_rows('device_manager.device_certificates', 'SELECT, INSERT, UPDATE');

-- For the authenticator, before a tenant is known.
CREATE VIEW device_manager.public_device_certificates WITH (security_invoker = true) AS
  SELECT serial, tenant_id, device_id, fingerprint, expires_at, revoked_at
    FROM device_manager.device_certificates;
GRANT SELECT ON device_manager.public_device_certificates TO sb_system;

-- The list of revoked certificates as it is served: signed anew when it says something else.
CREATE TABLE device_manager.certificate_revocation_list (
  id boolean PRIMARY KEY DEFAULT true CHECK (id),
  number bigint NOT NULL,
  made_of text NOT NULL,
  der bytea NOT NULL,
  made_at timestamptz NOT NULL,
  next_update timestamptz NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON device_manager.certificate_revocation_list TO sb_system;

-- How devices proved themselves, or failed to: one row per device, hour, kind of credential and
-- outcome, so that a flood of attempts makes the counts larger and not the table.
CREATE TABLE device_manager.device_authentications (
  tenant_id uuid NOT NULL,
  device_id uuid NOT NULL REFERENCES device_manager.devices (id),
  hour timestamptz NOT NULL,
  method text NOT NULL CHECK (method IN ('signature', 'api-key', 'certificate')),
  outcome text NOT NULL CHECK (char_length(outcome) <= 32),
  attempts bigint NOT NULL,
  first_at timestamptz NOT NULL,
  last_at timestamptz NOT NULL,
  -- Of the last attempt.
  ip text CHECK (char_length(ip) <= 64),
  user_agent text CHECK (char_length(user_agent) <= 200),
  PRIMARY KEY (device_id, hour, method, outcome)
);
CREATE INDEX device_authentications_age ON device_manager.device_authentications (hour);
SELECT platform.hold_tenant_rows('device_manager.device_authentications', 'SELECT');
GRANT INSERT, UPDATE, DELETE ON device_manager.device_authentications TO sb_system;
