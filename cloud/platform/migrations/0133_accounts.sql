-- Accounts of people: invitations, second factors, sessions that are renewed. Accounts of programs.

-- Without a password: somebody who signs in elsewhere.
ALTER TABLE device_manager.users
  ALTER COLUMN password_hash DROP NOT NULL,
  -- Sealed under the key-encryption key; in force once a code of it was given.
  ADD COLUMN totp_sealed bytea,
  ADD COLUMN totp_confirmed_at timestamptz,
  -- The newest time step that was used: no code counts twice.
  ADD COLUMN totp_step bigint NOT NULL DEFAULT 0,
  ADD COLUMN last_sign_in_at timestamptz;

CREATE TABLE device_manager.recovery_codes (
  tenant_id uuid NOT NULL REFERENCES device_manager.tenants (id),
  user_id uuid NOT NULL REFERENCES device_manager.users (id) ON DELETE CASCADE,
  hash bytea NOT NULL,
  PRIMARY KEY (user_id, hash)
);
SELECT platform.hold_tenant_rows('device_manager.recovery_codes', 'SELECT, INSERT, DELETE');

-- A refresh token names its session and a generation. Only the newest renews; an older one was
-- stolen, or is the thief's, and ends the session.
ALTER TABLE device_manager.sessions
  ADD COLUMN generation integer NOT NULL DEFAULT 1,
  ADD COLUMN renewed_at timestamptz NOT NULL DEFAULT now(),
  ADD COLUMN ip text,
  ADD COLUMN user_agent text CHECK (char_length(user_agent) <= 300);
GRANT UPDATE (generation, renewed_at, expires_at, ip) ON device_manager.sessions TO sb_system;

CREATE TABLE device_manager.invitations (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  tenant_id uuid NOT NULL REFERENCES device_manager.tenants (id),
  email text NOT NULL CHECK (char_length(email) <= 254),
  role text NOT NULL CHECK (role IN ('admin', 'operator', 'viewer')),
  sites text[] CHECK (cardinality(sites) BETWEEN 1 AND 100),
  secret_hash bytea NOT NULL UNIQUE,
  created_by text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX invitations_email ON device_manager.invitations (tenant_id, lower(email));
CREATE INDEX invitations_expiry ON device_manager.invitations (expires_at);
-- Taken or withdrawn, an invitation is gone: its secret opens nothing, and the audit log remembers.
SELECT platform.hold_tenant_rows('device_manager.invitations', 'SELECT, INSERT, DELETE');

CREATE TABLE device_manager.service_accounts (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  tenant_id uuid NOT NULL REFERENCES device_manager.tenants (id),
  name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
  role text NOT NULL CHECK (role IN ('admin', 'operator', 'viewer')),
  sites text[] CHECK (cardinality(sites) BETWEEN 1 AND 100),
  created_by text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (tenant_id, id)
);
CREATE UNIQUE INDEX service_accounts_name
  ON device_manager.service_accounts (tenant_id, lower(name));
SELECT platform.hold_tenant_rows('device_manager.service_accounts');

CREATE TABLE device_manager.service_tokens (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  tenant_id uuid NOT NULL REFERENCES device_manager.tenants (id),
  account_id uuid NOT NULL,
  -- May be less than the account's.
  role text NOT NULL CHECK (role IN ('admin', 'operator', 'viewer')),
  prefix text NOT NULL CHECK (char_length(prefix) <= 16),
  salt bytea NOT NULL,
  secret_hash bytea NOT NULL,
  created_by text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  revoked_at timestamptz,
  -- To the hour: a write for each request would cost more than what it tells.
  last_used_at timestamptz,
  FOREIGN KEY (tenant_id, account_id)
    REFERENCES device_manager.service_accounts (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX service_tokens_prefix ON device_manager.service_tokens (prefix);
CREATE INDEX service_tokens_account ON device_manager.service_tokens (account_id, created_at DESC);
SELECT platform.hold_tenant_rows('device_manager.service_tokens', 'SELECT, INSERT, UPDATE');

-- For the authenticator, before a tenant is known.
CREATE VIEW device_manager.public_service_tokens WITH (security_invoker = true) AS
  SELECT t.id AS token_id, t.prefix, t.salt, t.secret_hash AS hash, t.expires_at, t.last_used_at,
         t.tenant_id, a.id AS account_id, a.name, a.sites, a.role AS account_role, t.role AS token_role
    FROM device_manager.service_tokens t
    JOIN device_manager.service_accounts a ON a.id = t.account_id
   WHERE t.revoked_at IS NULL;
GRANT SELECT ON device_manager.public_service_tokens TO sb_system;
