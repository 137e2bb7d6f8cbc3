-- People who are held to some sites. Their requests run as a role of its own, which may do what
-- `sb_api` may, less what the policies here (and in 0390, for tables that come later) take away;
-- requests of everybody else pay nothing.
DO $$
DECLARE
  right_name text := 'MEMBER';
BEGIN
  BEGIN
    CREATE ROLE sb_site NOLOGIN NOBYPASSRLS;
  EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;
  END;
  IF NOT pg_has_role('sb_site', 'sb_api', 'MEMBER') THEN
    BEGIN
      GRANT sb_api TO sb_site;
    EXCEPTION WHEN unique_violation OR internal_error THEN
      NULL; -- another database of the cluster granted it at the same moment
    END;
  END IF;
  IF current_setting('server_version_num')::integer >= 160000 THEN
    right_name := 'SET';
  END IF;
  IF NOT pg_has_role(current_user, 'sb_site', right_name) THEN
    BEGIN
      EXECUTE format('GRANT sb_site TO %I', current_user);
    EXCEPTION WHEN unique_violation OR internal_error THEN
      NULL;
    END;
  END IF;
END
$$;

-- Null means every site.
ALTER TABLE device_manager.users ADD COLUMN sites text[]
  CHECK (cardinality(sites) BETWEEN 1 AND 100);

CREATE OR REPLACE VIEW device_manager.public_sessions WITH (security_invoker = true) AS
  SELECT s.id AS session_id, s.expires_at, u.id AS user_id, u.tenant_id, u.email, u.role, u.sites
    FROM device_manager.sessions s
    JOIN device_manager.users u ON u.id = s.user_id
   WHERE u.disabled_at IS NULL;

-- What a tenant pays for; cloud/platform/identity/tiers.ts says what that allows.
ALTER TABLE device_manager.tenants ADD COLUMN tier text NOT NULL DEFAULT 'paid'
  CHECK (tier IN ('free', 'paid'));
GRANT UPDATE (tier) ON device_manager.tenants TO sb_system;

CREATE FUNCTION platform.current_sites() RETURNS text[]
  LANGUAGE sql STABLE PARALLEL SAFE
  RETURN string_to_array(coalesce(current_setting('app.sites', true), ''), ',');

CREATE POLICY site_rows ON device_manager.devices AS RESTRICTIVE TO sb_site
  USING (site = ANY (platform.current_sites())) WITH CHECK (site = ANY (platform.current_sites()));
CREATE POLICY site_rows ON device_manager.registration_tokens AS RESTRICTIVE TO sb_site
  USING (site = ANY (platform.current_sites())) WITH CHECK (site = ANY (platform.current_sites()));
CREATE POLICY site_rows ON device_manager.sites AS RESTRICTIVE TO sb_site
  USING (name = ANY (platform.current_sites())) WITH CHECK (name = ANY (platform.current_sites()));

-- What hangs on a device is of its site: the policy on devices holds inside of these, too.
DO $$
DECLARE
  table_name text;
BEGIN
  FOREACH table_name IN ARRAY ARRAY[
    'device_manager.device_tags', 'device_manager.group_members', 'device_manager.api_keys'
  ] LOOP
    EXECUTE format(
      'CREATE POLICY site_rows ON %s AS RESTRICTIVE TO sb_site
         USING (EXISTS (SELECT 1 FROM device_manager.devices d WHERE d.id = device_id))
         WITH CHECK (EXISTS (SELECT 1 FROM device_manager.devices d WHERE d.id = device_id))',
      table_name);
  END LOOP;
END
$$;

-- Of the audit log they see what was done to their devices.
CREATE POLICY site_rows ON platform.audit_log AS RESTRICTIVE FOR SELECT TO sb_site
  USING (CASE WHEN target LIKE 'device:%'
              THEN EXISTS (SELECT 1 FROM device_manager.devices d
                            WHERE d.id = substr(audit_log.target, 8)::uuid)
              ELSE false END);
