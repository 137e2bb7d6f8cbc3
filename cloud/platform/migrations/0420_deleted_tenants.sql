-- A tenant that whoever runs the cloud removes for good (`delete-tenant`): who deletes its rows, what is
-- remembered of it, and what keeps it from coming back. Tables that come later take part by
-- `platform.hold_tenant_rows`, or by a grant of their own.
DO $$
DECLARE
  right_name text := 'MEMBER';
BEGIN
  BEGIN
    CREATE ROLE sb_eraser NOLOGIN NOBYPASSRLS;
  EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;
  END;
  IF current_setting('server_version_num')::integer >= 160000 THEN
    right_name := 'SET';
  END IF;
  IF NOT pg_has_role(current_user, 'sb_eraser', right_name) THEN
    BEGIN
      EXECUTE format('GRANT sb_eraser TO %I', current_user);
    EXCEPTION WHEN unique_violation OR internal_error THEN
      NULL; -- another database of the cluster granted it at the same moment
    END;
  END IF;
END
$$;
GRANT USAGE ON SCHEMA platform, device_manager, bundle_orchestrator, telemetry TO sb_eraser;

-- One of each tenant that is being deleted or was: the journal that a crash goes on from, and afterwards
-- the tombstone. Its id is never used again; its name is, so of that only a hash stays.
CREATE TABLE platform.tenant_deletions (
  tenant_id uuid PRIMARY KEY,
  tenant_key text NOT NULL UNIQUE,
  name text CHECK (char_length(name) BETWEEN 1 AND 100),
  name_hash bytea NOT NULL,
  deleted_by text NOT NULL CHECK (char_length(deleted_by) BETWEEN 1 AND 200),
  suspended_at timestamptz NOT NULL,
  started_at timestamptz NOT NULL,
  step text NOT NULL CHECK (step IN ('content', 'rows', 'hub', 'done')),
  rows_deleted bigint NOT NULL DEFAULT 0,
  finished_at timestamptz,
  CONSTRAINT tenant_deletions_end
    CHECK ((step = 'done') = (finished_at IS NOT NULL) AND (step = 'done') = (name IS NULL))
);
CREATE UNIQUE INDEX tenant_deletions_name ON platform.tenant_deletions (lower(name))
  WHERE name IS NOT NULL;
GRANT SELECT, INSERT, UPDATE ON platform.tenant_deletions TO sb_system;

-- Whatever still holds something of it in memory, or brings it from elsewhere: neither it nor its keys
-- are made again. As the owner, for not everybody who makes keys may read tombstones.
CREATE FUNCTION platform.refuse_deleted_tenant() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM platform.tenant_deletions
              WHERE tenant_id = coalesce(to_jsonb(NEW) ->> 'tenant_id', to_jsonb(NEW) ->> 'id')::uuid) THEN
    RAISE EXCEPTION 'this tenant was deleted' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER never_again BEFORE INSERT ON device_manager.tenants
  FOR EACH ROW EXECUTE FUNCTION platform.refuse_deleted_tenant();
CREATE TRIGGER never_again BEFORE INSERT ON platform.keys
  FOR EACH ROW WHEN (NEW.tenant_id IS NOT NULL) EXECUTE FUNCTION platform.refuse_deleted_tenant();
CREATE TRIGGER never_again BEFORE INSERT ON platform.role_keys
  FOR EACH ROW EXECUTE FUNCTION platform.refuse_deleted_tenant();
CREATE TRIGGER never_again BEFORE INSERT ON platform.tenant_records
  FOR EACH ROW EXECUTE FUNCTION platform.refuse_deleted_tenant();

-- Certificates of devices that nobody has any more: revoked until they end. No tenant is named.
CREATE TABLE device_manager.withdrawn_certificates (
  serial text PRIMARY KEY,
  revoked_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL
);
GRANT SELECT, DELETE ON device_manager.withdrawn_certificates TO sb_system;
GRANT SELECT, INSERT ON device_manager.withdrawn_certificates TO sb_eraser;

-- `sb_eraser` sees and deletes the rows of the one tenant that its transaction names.
CREATE OR REPLACE FUNCTION platform.hold_tenant_rows(
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
  EXECUTE format(
    'CREATE POLICY erasing ON %s TO sb_eraser USING (%2$I = platform.current_tenant())',
    target, tenant_column);
  EXECUTE format('GRANT %s ON %s TO sb_api, sb_system', grants, target);
  EXECUTE format('GRANT SELECT, DELETE ON %s TO sb_eraser', target);
END
$$;

DO $$
DECLARE
  held record;
BEGIN
  FOR held IN
    SELECT c.oid::regclass AS target, c.relrowsecurity AS is_secured,
           CASE WHEN c.oid = 'device_manager.tenants'::regclass THEN 'id' ELSE 'tenant_id' END AS tenant_column
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname IN ('platform', 'device_manager', 'bundle_orchestrator', 'telemetry')
       AND c.relkind IN ('r', 'p') AND NOT c.relispartition
       AND c.oid <> 'platform.tenant_deletions'::regclass
       AND (c.oid = 'device_manager.tenants'::regclass
            OR EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND NOT a.attisdropped
                          AND a.attname IN ('tenant_id', 'device_id')))
  LOOP
    EXECUTE format('GRANT SELECT, DELETE ON %s TO sb_eraser', held.target);
    IF held.is_secured THEN
      EXECUTE format('CREATE POLICY erasing ON %s TO sb_eraser USING (%I = platform.current_tenant())',
                     held.target, held.tenant_column);
    END IF;
  END LOOP;
END
$$;

-- A released version never changes; it goes with its tenant.
CREATE OR REPLACE FUNCTION bundle_orchestrator.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' AND current_user = 'sb_eraser' THEN
    RETURN OLD;
  END IF;
  IF TG_OP = 'UPDATE' AND
     to_jsonb(NEW) - '{release_digest,release_envelope}'::text[]
       = to_jsonb(OLD) - '{release_digest,release_envelope}'::text[] AND
     convert_from(NEW.release_envelope, 'UTF8')::jsonb - 'signatures'
       = convert_from(OLD.release_envelope, 'UTF8')::jsonb - 'signatures' THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'a released version never changes' USING ERRCODE = 'restrict_violation';
END
$$;

-- Nobody reads counts of a tenant that goes.
CREATE OR REPLACE FUNCTION device_manager.count_tags() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' AND current_user = 'sb_eraser' THEN
    RETURN NULL;
  ELSIF TG_OP = 'INSERT' THEN
    INSERT INTO device_manager.tag_count_changes
      SELECT tenant_id, key, value, count(*) FROM new_rows GROUP BY tenant_id, key, value;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO device_manager.tag_count_changes
      SELECT tenant_id, key, value, -count(*) FROM old_rows GROUP BY tenant_id, key, value;
  ELSE
    INSERT INTO device_manager.tag_count_changes
      SELECT tenant_id, key, value, sum(change) FROM (
        SELECT tenant_id, key, value, 1 AS change FROM new_rows
        UNION ALL
        SELECT tenant_id, key, value, -1 FROM old_rows) both_rows
       GROUP BY tenant_id, key, value HAVING sum(change) <> 0;
  END IF;
  RETURN NULL;
END
$$;
