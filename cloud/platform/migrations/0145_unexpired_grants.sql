-- Of all sites, whoever asks: each may be taken back, and what is taken back must fit the one
-- revocation of the tenant, or the oldest would be in force again. Whoever issues waits for another
-- who does.
CREATE OR REPLACE FUNCTION device_manager.count_unexpired_grants(at timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('grants ' || platform.current_tenant(), 0));
  RETURN (SELECT count(*) FROM device_manager.site_grants
           WHERE tenant_id = platform.current_tenant() AND expires_at > at);
END
$$;
REVOKE ALL ON FUNCTION device_manager.count_unexpired_grants FROM PUBLIC;
GRANT EXECUTE ON FUNCTION device_manager.count_unexpired_grants TO sb_api;
