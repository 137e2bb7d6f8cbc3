-- Secrets of a tenant that bundles name: one value per name for the whole tenant, and others in its
-- place at a site or on one device. Values rest sealed under the key-encryption key.
CREATE TABLE bundle_orchestrator.secrets (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  name text NOT NULL CHECK (name ~ '^[a-z0-9](?:[a-z0-9-]{0,40}[a-z0-9])?$'),
  -- At most one of them: neither is for the whole tenant.
  site text,
  device_id uuid,
  value_sealed bytea NOT NULL,
  revision integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL,
  created_by text NOT NULL,
  changed_at timestamptz NOT NULL,
  changed_by text NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CHECK (site IS NULL OR device_id IS NULL),
  CONSTRAINT secrets_once UNIQUE NULLS NOT DISTINCT (tenant_id, name, site, device_id)
);
SELECT platform.hold_tenant_rows('bundle_orchestrator.secrets');

-- Which value each device's desired state was sealed with: what `stale` marks is sealed again.
CREATE TABLE bundle_orchestrator.desired_secrets (
  tenant_id uuid NOT NULL,
  device_id uuid NOT NULL,
  name text NOT NULL,
  -- Null where there was none of the name when it was sealed.
  secret_id uuid,
  stale boolean NOT NULL DEFAULT false,
  PRIMARY KEY (tenant_id, device_id, name)
);
CREATE INDEX desired_secrets_name ON bundle_orchestrator.desired_secrets (tenant_id, name);
CREATE INDEX desired_secrets_used ON bundle_orchestrator.desired_secrets (tenant_id, secret_id);
CREATE INDEX desired_secrets_stale ON bundle_orchestrator.desired_secrets (tenant_id, device_id)
  WHERE stale;
SELECT platform.hold_tenant_rows('bundle_orchestrator.desired_secrets');

-- What sealing to a device needs to know of it. The caller's own row security applies.
CREATE VIEW device_manager.public_sealing_keys WITH (security_invoker = true) AS
  SELECT tenant_id, id AS device_id, name, site, sealing_key, agent_version
    FROM device_manager.devices
   WHERE deleted_at IS NULL;
GRANT SELECT ON device_manager.public_sealing_keys TO sb_api, sb_system;

-- Whether a device's agent knows of secrets is known from its newest report.
ALTER TABLE bundle_orchestrator.device_reports ADD COLUMN agent_version text;
