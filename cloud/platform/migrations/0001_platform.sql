-- Roles, schemas, and what every service builds on: tenant rows, keys, events, audit.
-- Roles belong to the whole cluster, databases are made concurrently: hence the forgiving blocks.
DO $$
DECLARE
  role_name text;
BEGIN
  FOREACH role_name IN ARRAY ARRAY['sb_api', 'sb_ingest', 'sb_system'] LOOP
    BEGIN
      EXECUTE format('CREATE ROLE %I NOLOGIN NOBYPASSRLS', role_name);
    EXCEPTION WHEN duplicate_object OR unique_violation THEN
      NULL;
    END;
    IF NOT pg_has_role(current_user, role_name, 'MEMBER') THEN
      BEGIN
        EXECUTE format('GRANT %I TO %I', role_name, current_user);
      EXCEPTION WHEN unique_violation OR internal_error THEN
        NULL; -- another database of the cluster granted it at the same moment
      END;
    END IF;
  END LOOP;
END
$$;

CREATE SCHEMA IF NOT EXISTS platform;
CREATE SCHEMA device_manager;
CREATE SCHEMA bundle_orchestrator;
CREATE SCHEMA telemetry;
GRANT USAGE ON SCHEMA platform, device_manager, bundle_orchestrator, telemetry
  TO sb_api, sb_ingest, sb_system;

-- Null when no tenant is set, so that every comparison with it fails: unset means no rows.
CREATE FUNCTION platform.current_tenant() RETURNS uuid
  LANGUAGE sql STABLE PARALLEL SAFE
  RETURN nullif(current_setting('app.tenant', true), '')::uuid;

-- Makes a table one of tenants' rows: forced row security, `sb_api` sees its own tenant only,
-- background roles see all. `grants` is what sb_api and sb_system may do with it.
CREATE FUNCTION platform.hold_tenant_rows(
  target regclass,
  grants text DEFAULT 'SELECT, INSERT, UPDATE, DELETE',
  tenant_column name DEFAULT 'tenant_id'
) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
  EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
  EXECUTE format(
    'CREATE POLICY tenant_rows ON %s TO sb_api
       USING (%2$I = platform.current_tenant()) WITH CHECK (%2$I = platform.current_tenant())',
    target, tenant_column);
  EXECUTE format(
    'CREATE POLICY background ON %s TO sb_system, sb_ingest USING (true) WITH CHECK (true)', target);
  EXECUTE format('GRANT %s ON %s TO sb_api, sb_system', grants, target);
END
$$;

-- Private keys, sealed under the key-encryption key. No request may read them.
CREATE TABLE platform.keys (
  kind text NOT NULL CHECK (kind IN ('operator', 'system', 'cloud', 'users',
                                     'account', 'root', 'release', 'director', 'ingest')),
  tenant_id uuid,
  public_key text NOT NULL,
  sealed bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE NULLS NOT DISTINCT (kind, tenant_id)
);
CREATE UNIQUE INDEX keys_account ON platform.keys (public_key) WHERE kind = 'account';
GRANT SELECT, INSERT ON platform.keys TO sb_system;

-- The transactional outbox: written in the transaction of the change, published afterwards.
CREATE TABLE platform.domain_events (
  position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
  tenant_id uuid NOT NULL,
  type text NOT NULL,
  subject text NOT NULL,
  data jsonb NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  published_at timestamptz
);
CREATE INDEX domain_events_waiting ON platform.domain_events (position) WHERE published_at IS NULL;
CREATE INDEX domain_events_published ON platform.domain_events (published_at)
  WHERE published_at IS NOT NULL;
SELECT platform.hold_tenant_rows('platform.domain_events', 'INSERT');
GRANT SELECT, INSERT, UPDATE, DELETE ON platform.domain_events TO sb_system;
GRANT INSERT ON platform.domain_events TO sb_ingest;

-- Messages that no consumer could take: set aside whole, never dropped.
CREATE TABLE platform.dead_letters (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  consumer text NOT NULL,
  subject text NOT NULL,
  stream_sequence bigint NOT NULL,
  payload bytea NOT NULL,
  reason text NOT NULL,
  deliveries integer NOT NULL,
  at timestamptz NOT NULL DEFAULT now()
);
-- A re-created stream counts from 1 again, so the sequence alone does not name a message.
CREATE UNIQUE INDEX dead_letters_once
  ON platform.dead_letters (consumer, subject, stream_sequence, md5(payload));
GRANT SELECT, INSERT, DELETE ON platform.dead_letters TO sb_system, sb_ingest;

-- Who did what to what. Nobody but the owner can change or delete a line.
CREATE TABLE platform.audit_log (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id uuid NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  actor text NOT NULL,
  action text NOT NULL,
  target text NOT NULL,
  before jsonb,
  after jsonb,
  ip text
);
CREATE INDEX audit_log_tenant ON platform.audit_log (tenant_id, id DESC);
SELECT platform.hold_tenant_rows('platform.audit_log', 'SELECT, INSERT');
GRANT INSERT ON platform.audit_log TO sb_ingest;
