-- Rare words among many devices, found by trigrams. LIKE is not leakproof, so under row security no
-- request reaches such an index by itself. This function looks there for it: it reads rows of the
-- one tenant that is set (the index begins with the tenant), takes a pattern, and returns ids, or
-- null when there are more than `ids_max`: then they are frequent enough to be met in the list.
DO $$
BEGIN
  CREATE EXTENSION IF NOT EXISTS pg_trgm;
  CREATE EXTENSION IF NOT EXISTS btree_gin;
  CREATE INDEX devices_searched ON device_manager.devices
    USING gin (tenant_id, searched gin_trgm_ops) WHERE deleted_at IS NULL;
EXCEPTION WHEN undefined_file OR insufficient_privilege OR feature_not_supported
  OR undefined_object OR unique_violation THEN
  RAISE NOTICE 'pg_trgm or btree_gin is not available: device search reads all devices of a tenant';
END
$$;

CREATE FUNCTION device_manager.devices_like(pattern text, ids_max integer) RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  found uuid[];
BEGIN
  IF to_regclass('device_manager.devices_searched') IS NULL THEN
    RETURN NULL;
  END IF;
  -- Planned anew for each pattern: how rare it is decides the way.
  EXECUTE 'SELECT array_agg(id) FROM (
             SELECT id FROM device_manager.devices
              WHERE tenant_id = $1 AND deleted_at IS NULL AND searched LIKE $2
              LIMIT $3) few'
    INTO found USING platform.current_tenant(), pattern, ids_max + 1;
  IF cardinality(found) > ids_max THEN
    RETURN NULL;
  END IF;
  RETURN coalesce(found, '{}');
END
$$;
REVOKE ALL ON FUNCTION device_manager.devices_like FROM PUBLIC;
GRANT EXECUTE ON FUNCTION device_manager.devices_like TO sb_api;
