-- How much of what its tier limits a tenant has, of all its sites, whoever asks. Runs as the owner,
-- because a person who is held to some sites must not get more by seeing less, and gives a number. Of
-- any tenant for the system alone (people who join by an invitation or from elsewhere); a request
-- asks of the one tenant that is set.
CREATE FUNCTION platform.quota_used_of(what text, tenant uuid) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN CASE what
    WHEN 'devices' THEN (
      SELECT coalesce(sum(devices), 0) FROM (
        SELECT devices FROM device_manager.device_counts
         WHERE tenant_id = tenant AND status <> 'rejected'
        UNION ALL
        SELECT change FROM device_manager.device_count_changes
         WHERE tenant_id = tenant AND status <> 'rejected') counted)
    WHEN 'sites' THEN (SELECT count(*) FROM device_manager.sites WHERE tenant_id = tenant)
    WHEN 'users' THEN (
      SELECT count(*) FROM device_manager.users WHERE tenant_id = tenant AND disabled_at IS NULL)
    WHEN 'registrationTokens' THEN (
      SELECT count(*) FROM device_manager.registration_tokens
       WHERE tenant_id = tenant AND revoked_at IS NULL AND expires_at > now()
         AND current_uses < max_uses)
    WHEN 'groups' THEN (SELECT count(*) FROM device_manager.groups WHERE tenant_id = tenant)
    WHEN 'bundles' THEN (
      SELECT count(*) FROM bundle_orchestrator.bundles WHERE tenant_id = tenant)
  END;
END
$$;
REVOKE ALL ON FUNCTION platform.quota_used_of FROM PUBLIC;
GRANT EXECUTE ON FUNCTION platform.quota_used_of TO sb_system;

CREATE FUNCTION platform.quota_used(what text) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT platform.quota_used_of(what, platform.current_tenant())
$$;
REVOKE ALL ON FUNCTION platform.quota_used FROM PUBLIC;
GRANT EXECUTE ON FUNCTION platform.quota_used TO sb_api;

CREATE OR REPLACE VIEW device_manager.public_tenants WITH (security_invoker = true) AS
  SELECT id AS tenant_id, name, tenant_key, tier FROM device_manager.tenants;
GRANT SELECT (tier) ON device_manager.tenants TO sb_ingest;
