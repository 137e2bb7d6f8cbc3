-- Tenants, the people who sign in, and how often somebody failed to.
CREATE TABLE device_manager.tenants (
  id uuid PRIMARY KEY,
  name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
  -- Public key of the tenant's NATS account: the first token of everything its devices say.
  tenant_key text NOT NULL UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX tenants_name ON device_manager.tenants (lower(name));
SELECT platform.hold_tenant_rows('device_manager.tenants', 'SELECT', 'id');
GRANT INSERT ON device_manager.tenants TO sb_system;
GRANT SELECT (id, name, tenant_key) ON device_manager.tenants TO sb_ingest;

CREATE TABLE device_manager.users (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  tenant_id uuid NOT NULL REFERENCES device_manager.tenants (id),
  email text NOT NULL CHECK (char_length(email) <= 254),
  name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
  role text NOT NULL CHECK (role IN ('admin', 'operator', 'viewer')),
  password_hash text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  disabled_at timestamptz
);
-- Sign-in knows no tenant yet, so an address belongs to one person of the whole installation.
CREATE UNIQUE INDEX users_email ON device_manager.users (lower(email));
CREATE INDEX users_tenant ON device_manager.users (tenant_id, lower(email));
SELECT platform.hold_tenant_rows('device_manager.users');

-- A sign-in that is in force. A token names its session, and without the row it is worth nothing:
-- signing out, disabling a user or changing a role takes effect at once, not when a token expires.
CREATE TABLE device_manager.sessions (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  tenant_id uuid NOT NULL REFERENCES device_manager.tenants (id),
  user_id uuid NOT NULL REFERENCES device_manager.users (id) ON DELETE CASCADE,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL
);
CREATE INDEX sessions_user ON device_manager.sessions (user_id);
CREATE INDEX sessions_expiry ON device_manager.sessions (expires_at);
SELECT platform.hold_tenant_rows('device_manager.sessions', 'SELECT, INSERT, DELETE');

-- Failed sign-ins per client address and e-mail address, counted before the password is looked at.
-- The pair is hashed: the table must not become a list of what people mistyped.
CREATE TABLE device_manager.login_failures (
  key bytea PRIMARY KEY,
  failures integer NOT NULL,
  last_at timestamptz NOT NULL
);
CREATE INDEX login_failures_age ON device_manager.login_failures (last_at);
GRANT SELECT, INSERT, UPDATE, DELETE ON device_manager.login_failures TO sb_system;

CREATE VIEW device_manager.public_tenants WITH (security_invoker = true) AS
  SELECT id AS tenant_id, name, tenant_key FROM device_manager.tenants;
GRANT SELECT ON device_manager.public_tenants TO sb_api, sb_ingest, sb_system;

-- For the authenticator: who a session belongs to, as that person stands now.
CREATE VIEW device_manager.public_sessions WITH (security_invoker = true) AS
  SELECT s.id AS session_id, s.expires_at, u.id AS user_id, u.tenant_id, u.email, u.role
    FROM device_manager.sessions s
    JOIN device_manager.users u ON u.id = s.user_id
   WHERE u.disabled_at IS NULL;
GRANT SELECT ON device_manager.public_sessions TO sb_system;
