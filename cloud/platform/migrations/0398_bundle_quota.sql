-- A bundle that was deleted takes no room any more. The rest is as 0393 has it.
CREATE OR REPLACE FUNCTION platform.quota_used_of(what text, tenant uuid) RETURNS bigint
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
      SELECT count(*) FROM bundle_orchestrator.bundles
       WHERE tenant_id = tenant AND deleted_at IS NULL)
  END;
END
$$;
