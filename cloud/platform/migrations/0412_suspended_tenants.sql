-- A tenant that whoever runs the cloud keeps out for a while (`suspend-tenant`): its rows stay, and all
-- that belongs to it. `resumed_at`: since when the silence of its devices means something again.
ALTER TABLE device_manager.tenants
  ADD COLUMN suspended_at timestamptz,
  ADD COLUMN suspended_reason text CHECK (char_length(suspended_reason) BETWEEN 1 AND 500),
  ADD COLUMN resumed_at timestamptz,
  ADD CONSTRAINT tenants_suspension CHECK ((suspended_at IS NULL) = (suspended_reason IS NULL));
GRANT UPDATE (suspended_at, suspended_reason, resumed_at) ON device_manager.tenants TO sb_system;
GRANT SELECT (suspended_at, resumed_at) ON device_manager.tenants TO sb_ingest;

CREATE OR REPLACE VIEW device_manager.public_tenants WITH (security_invoker = true) AS
  SELECT id AS tenant_id, name, tenant_key, tier, suspended_at, resumed_at
    FROM device_manager.tenants;

-- Read with each request anyway, so that a suspension holds from the next one on, in every replica:
-- why the tenant is suspended, or null.
CREATE OR REPLACE VIEW device_manager.public_sessions WITH (security_invoker = true) AS
  SELECT s.id AS session_id, s.expires_at, u.id AS user_id, u.tenant_id, u.email, u.role, u.sites,
         t.suspended_reason AS suspension
    FROM device_manager.sessions s
    JOIN device_manager.users u ON u.id = s.user_id
    JOIN device_manager.tenants t ON t.id = u.tenant_id
   WHERE u.disabled_at IS NULL;

CREATE OR REPLACE VIEW device_manager.public_service_tokens WITH (security_invoker = true) AS
  SELECT t.id AS token_id, t.prefix, t.salt, t.secret_hash AS hash, t.expires_at, t.last_used_at,
         t.tenant_id, a.id AS account_id, a.name, a.sites, a.role AS account_role, t.role AS token_role,
         tenant.suspended_reason AS suspension
    FROM device_manager.service_tokens t
    JOIN device_manager.service_accounts a ON a.id = t.account_id
    JOIN device_manager.tenants tenant ON tenant.id = t.tenant_id
   WHERE t.revoked_at IS NULL;

CREATE OR REPLACE VIEW device_manager.public_device_identities WITH (security_invoker = true) AS
  SELECT d.id AS device_id, d.tenant_id, d.public_key, d.status AS registration_status,
         t.suspended_reason AS suspension
    FROM device_manager.devices d
    JOIN device_manager.tenants t ON t.id = d.tenant_id
   WHERE d.deleted_at IS NULL;
