-- An owner that is no superuser (managed Postgres) must be able to become the three roles. From
-- Postgres 16 on, who creates a role is its member but may not become it until it grants itself so.
DO $$
DECLARE
  role_name text;
  right_name text := 'MEMBER';
BEGIN
  IF current_setting('server_version_num')::integer >= 160000 THEN
    right_name := 'SET';
  END IF;
  FOREACH role_name IN ARRAY ARRAY['sb_api', 'sb_ingest', 'sb_system'] LOOP
    IF NOT pg_has_role(current_user, role_name, right_name) THEN
      BEGIN
        EXECUTE format('GRANT %I TO %I', role_name, current_user);
      EXCEPTION WHEN unique_violation OR internal_error THEN
        NULL; -- another database of the cluster granted it at the same moment
      END;
    END IF;
  END LOOP;
END
$$;
